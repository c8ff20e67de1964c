"""Heads that tell subjects and questions about the past apart learn it from a few examples."""

from __future__ import annotations

import torch

from lpm.learning.pasts import PastLoss
from lpm.learning.subjects import SubjectLoss
from lpm.nn.past import STRENGTH, Past
from lpm.nn.subject import Subject, likeness


def trained(head, loss, *, steps=150):
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(generator).backward()
        optimizer.step()
    return head.requires_grad_(False)


def test_statements_of_one_subject_become_alike_and_additions_replace_nothing():
    torch.manual_seed(0)
    centres = torch.randn(4, 12)
    subjects = [number for number in range(4) for _ in range(8)]
    about = centres[subjects] + 0.1 * torch.randn(32, 12)
    replaces = [None if n == 3 else n != 2 for n in subjects]
    head = Subject(12, 3)
    loss = SubjectLoss(head, about, [str(n) for n in subjects], replaces, dropout=0.1)
    made = trained(head, loss)(about)
    alike = likeness(made, made)
    same = torch.tensor(subjects)[:, None] == torch.tensor(subjects)
    replacing = torch.tensor(subjects) < 2
    assert alike[replacing][same[replacing]].min() > 0.9
    assert alike[replacing][~same[replacing]].max() < 0.7
    assert (alike[torch.tensor(subjects) == 2] == -1).all()


def test_one_token_tells_that_a_question_is_about_the_past():
    torch.manual_seed(0)
    cue = torch.randn(2, 6)
    states, past = [], []
    for number in range(40):
        tokens = torch.randn(3 + number % 4, 2, 6)
        past.append(number % 2 == 0)
        if past[-1]:
            tokens[number % 3] = 3 * cue
        states.append(tokens)
    head = Past(12)
    trained(head, PastLoss(head, states, past, dropout=0.0))
    found = [float(head(part[None], torch.ones(1, len(part)) > 0)) for part in states]
    assert all((value > 0) == asked for value, asked in zip(found, past, strict=True))
    assert max(map(abs, found)) <= STRENGTH


def test_padding_does_not_change_what_a_question_asks_for():
    torch.manual_seed(0)
    head, states = Past(12).requires_grad_(False), torch.randn(1, 4, 2, 6)
    longer = torch.cat([states, torch.full((1, 3, 2, 6), 9.0)], dim=1)
    mask = torch.ones(1, 4) > 0
    wider = torch.cat([mask, torch.zeros(1, 3) > 0], dim=1)
    assert torch.allclose(head(states, mask), head(longer, wider))
