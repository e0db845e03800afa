"""What the labels of people in the audited texts change in the F1 of the file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Relabelled:
    """From the F1 of the file with the machine's labels to that with people's labels in the audited texts.

    With the machine's labels the F1 is A / B, A = 2 · correct spans and B = predicted spans + entities of the
    whole file. ``correct``: what is known of A, and ``relevant``: of B, which lacks only the entities of the
    texts that are not audited. ``unseen``: the predicted spans of these. ``more_correct`` and
    ``more_relevant``: what the labels of people add to A and B.

    A bound θ of A / B bounds B as well, since no more of the unseen spans can be correct than there are
    spans, or entities. Both (A + more_correct) / (B + more_relevant) and these limits are monotone in B, so
    the result holds whenever θ does, and takes no risk of its own.
    """

    correct: float
    relevant: float
    unseen: float
    more_correct: float
    more_relevant: float

    def least(self, theta: float) -> float:
        """The least F1 of the file, 0 to 1, if A / B is ``theta`` or more."""
        return min(self._ends(theta))

    def most(self, theta: float) -> float:
        """The largest F1 of the file, 0 to 1, if A / B is ``theta`` or less."""
        return max(self._ends(theta))

    def needed(self, target: float) -> float:
        """The least θ with which ``least`` is ``target``, 0 to 1; above 1 there is none."""
        if target <= 0.0:
            return 0.0
        gained = self.correct + self.more_correct
        entities = (target * (self.relevant + self.more_relevant) - gained) / (2.0 - target)
        fewest = self._at(self.correct, target)
        if entities > 0:
            fewest = _ratio(self.correct + 2.0 * entities, self.relevant + entities)
        return max(fewest, self._at(self.correct + 2.0 * self.unseen, target))

    def _at(self, correct: float, target: float) -> float:
        """The θ with which the F1 of the file is ``target`` if A is ``correct``."""
        relevant = (correct + self.more_correct) / target - self.more_relevant
        return correct / relevant if relevant > 0 else float(correct > 0) * 2.0

    def _ends(self, theta: float) -> tuple[float, float]:
        """The F1 of the file at the fewest and at the most entities with which A / B can be ``theta``."""
        entities = max((theta * self.relevant - self.correct) / (2.0 - theta), 0.0)
        fewest = self.relevant + entities
        if theta <= 0.0:
            return self._f1(theta, fewest), 0.0
        fewest = max(fewest, self.correct / theta)
        most = max((self.correct + 2.0 * self.unseen) / theta, fewest)
        return self._f1(theta, fewest), self._f1(theta, most)

    def _f1(self, theta: float, relevant: float) -> float:
        return min(max(_ratio(theta * relevant + self.more_correct, relevant + self.more_relevant), 0.0), 1.0)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 1.0
