"""API keys by the formats of those who give them out."""

import re
from collections.abc import Iterator

from governance.detection.detectors.base import Detector
from governance.detection.entropy import looks_random
from governance.detection.findings import Finding

FORMATS = (
    r"sk-ant-[A-Za-z0-9_-]{20,200}",  # Anthropic
    r"sk-(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{20,200}",  # OpenAI, OpenRouter
    r"sk-[A-Za-z0-9]{20,64}",  # OpenAI's older ones and those who copied them
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,200}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{24,80}",
    r"gh[pousr]_[A-Za-z0-9]{36,255}",  # GitHub
    r"github_pat_[A-Za-z0-9]{20,24}_[A-Za-z0-9]{40,80}",
    r"glpat-[A-Za-z0-9_-]{20,64}",  # GitLab
    r"xox[abeoprs]-[A-Za-z0-9-]{10,200}",  # Slack
    r"xapp-\d-[A-Za-z0-9-]{20,200}",
    r"AIza[A-Za-z0-9_-]{35}",  # Google
    r"ya29\.[A-Za-z0-9_-]{20,300}",
    r"GOCSPX-[A-Za-z0-9_-]{28}",
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",  # SendGrid
    r"key-[0-9a-f]{32}",  # Mailgun
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{50,300}",
    r"hf_[A-Za-z0-9]{30,50}",  # Hugging Face
    r"gsk_[A-Za-z0-9]{40,60}",  # Groq
    r"xai-[A-Za-z0-9]{40,100}",
    r"pplx-[A-Za-z0-9]{32,64}",
    r"r8_[A-Za-z0-9]{37}",  # Replicate
    r"dop_v1_[0-9a-f]{64}",  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",  # Shopify
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}",  # Square
    r"AC[0-9a-f]{32}(?=[\s\"':;,].{0,80}[0-9a-f]{32})",  # Twilio, beside its secret
    r"SK[0-9a-f]{32}",
    r"hvs\.[A-Za-z0-9_-]{24,200}",  # HashiCorp Vault
    r"lin_api_[A-Za-z0-9]{40}",
    r"ntn_[A-Za-z0-9]{40,60}",  # Notion
    r"secret_[A-Za-z0-9]{43}",
    r"dapi[0-9a-f]{32}",  # Databricks
    r"tfp_[A-Za-z0-9_-]{40,60}",
    r"\d{8,10}:AA[A-Za-z0-9_-]{33}",  # Telegram
    r"https://hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}",
    r"https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,80}",
)
KEYS = re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(FORMATS)})(?![A-Za-z0-9_])")
# One cheap look first: no text without any of these beginnings holds a key.
BEGINNINGS = (
    "sk-", "k_live_", "k_test_", "whsec_", "gh", "glpat-", "xox", "xapp-", "AIza", "ya29.", "GOCSPX-", "SG.", "key-",
    "npm_", "pypi-", "hf_", "gsk_", "xai-", "pplx-", "r8_", "dop_v1_", "shp", "sq0", "AC", "SK", "hvs.", "lin_api_",
    "ntn_", "secret_", "dapi", "tfp_", ":AA", "hooks.slack.com", "/api/webhooks/",
)  # fmt: skip


class ApiKeyDetector(Detector):
    entities = ("API_KEY",)

    def find(self, text: str) -> Iterator[Finding]:
        if not any(beginning in text for beginning in BEGINNINGS):
            return
        for match in KEYS.finditer(text):
            if looks_random(match[0]):
                yield Finding("API_KEY", *match.span(), 0.95)
