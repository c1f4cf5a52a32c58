"""The memory of edges as lists of tuples: naive, for small sizes."""

from collections import defaultdict

READS = ((0, 1, 4), (0, 1, 3), (1, 3, 4))  # what X, Y and E read of (e, t, h, dx, dy)
OWN = (3, 4, 0)  # what their neurons stand for
HEAD = 2


class Oracle:
    """Dendrites are lists of segments; a segment is None while fresh, else three values."""

    def __init__(self, neurons, heads, segments):
        self.neurons, self.heads = neurons, heads
        self.dendrites = defaultdict(lambda: [None] * segments)
        self.overwritten = [0, 0, 0]

    @staticmethod
    def potential(segment, values):
        if segment is None:
            return 5 * sum(v >= 0 for v in values)
        return 7 * sum(v >= 0 and v == s for v, s in zip(values, segment, strict=True))

    def best(self, dendrite, values):
        """The first of the largest potentials of at least 13, or None."""
        potentials = [self.potential(s, values) for s in dendrite]
        top = max(potentials)
        return (potentials.index(top), top) if top >= 13 else None

    def learn(self, edge):
        stored = []
        for column in range(3):
            dendrite = self.dendrites[column, edge[OWN[column]], edge[HEAD]]
            values = tuple(edge[i] for i in READS[column])
            found = self.best(dendrite, values)
            stored.append(found is not None)
            if found is not None:
                self.overwritten[column] += found[1] == 14
                dendrite[found[0]] = values
        return stored

    def holds(self, edge):
        return [
            tuple(edge[i] for i in READS[c]) in self.dendrites[c, edge[OWN[c]], edge[HEAD]]
            for c in range(3)
        ]

    def neuron(self, column, edge):
        """The winning neuron of a minicolumn; -1 for none."""
        values = tuple(edge[i] for i in READS[column])
        top, answer = 0, -1
        for n in range(self.neurons[column]):
            for head in range(self.heads) if edge[HEAD] < 0 else [edge[HEAD]]:
                found = self.best(self.dendrites[column, n, head], values)
                if found and found[1] > top:
                    top, answer = found[1], n
        return answer

    def head(self, edge):
        """The head with the largest sum of winning potentials; -1 for none."""
        sums = [0] * self.heads
        for column in range(3):
            if edge[OWN[column]] < 0:
                continue
            values = tuple(edge[i] for i in READS[column])
            for head in range(self.heads):
                found = self.best(self.dendrites[column, edge[OWN[column]], head], values)
                sums[head] += found[1] if found else 0
        return sums.index(max(sums)) if max(sums) else -1
