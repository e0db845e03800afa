"""What a data set with machine labels is worth: a lower bound of its F1 from a small random audit."""

from wapaganda.certification.audit import Audit, audit_order
from wapaganda.certification.campaigns import campaign_risk
from wapaganda.certification.certificate import Certificate
from wapaganda.certification.machine_part import MachinePart
from wapaganda.certification.planning import plan_audit

__all__ = [
    "Audit",
    "Certificate",
    "MachinePart",
    "audit_order",
    "campaign_risk",
    "plan_audit",
]
