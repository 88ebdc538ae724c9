"""The demo's sample service: payments, orders and an ERP, small but real, on a loopback port.

`start(folder)` serves on 127.0.0.1 and makes the service known as http://sample.baton.internal/ to one project.
"""

from registry.sample import office
from registry.sample.books import SampleUnusable
from registry.sample.service import SampleService, start

__all__ = ["SampleService", "SampleUnusable", "office", "start"]
