"""The detectors. A new one is a file here and a line in DETECTORS; what it finds is in the catalogue."""

from governance.detection.detectors.api_keys import ApiKeyDetector
from governance.detection.detectors.authorization import AuthorizationDetector
from governance.detection.detectors.aws import AwsDetector
from governance.detection.detectors.base import Detector
from governance.detection.detectors.card import CardDetector
from governance.detection.detectors.crypto import CryptoDetector
from governance.detection.detectors.email import EmailDetector
from governance.detection.detectors.iban import IbanDetector
from governance.detection.detectors.jwt import JwtDetector
from governance.detection.detectors.names import NamesDetector
from governance.detection.detectors.national import NationalDetector
from governance.detection.detectors.network import NetworkDetector
from governance.detection.detectors.password import PasswordDetector
from governance.detection.detectors.phone import PhoneDetector
from governance.detection.detectors.private_key import PrivateKeyDetector
from governance.detection.detectors.ssn import SsnDetector

DETECTORS: tuple[Detector, ...] = (
    EmailDetector(),
    PhoneDetector(),
    CardDetector(),
    IbanDetector(),
    SsnDetector(),
    NetworkDetector(),
    CryptoDetector(),
    NationalDetector(),
    ApiKeyDetector(),
    AwsDetector(),
    JwtDetector(),
    PrivateKeyDetector(),
    AuthorizationDetector(),
    PasswordDetector(),
)

__all__ = ["DETECTORS", "Detector", "NamesDetector"]
