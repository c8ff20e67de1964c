"""Train the shipped writer and projector on synthetic users.

    python recipes/embedded_projector/train.py --users 800 --first-stage 600 --steps 3000 \
        --out runs/embedded --resume
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from prepare import QUERY_LAYER, from_synthetic
from safetensors.torch import load_file, save_file

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.synthetic import SyntheticUser, generate_user, is_right
from lpm.learning.examples import AnswerScorer
from lpm.learning.joint import JointConfig, TrainingUser, joint_step, write_batch
from lpm.modeling import LPMConfig, LPMModel
from lpm.nn.initialisers import tie_to_embeddings
from lpm.nn.injection import build_prompt, inject

VALIDATION_SEED = 10_000_000


def rate(step: int, steps: int, peak: float, warmup: int = 30) -> float:
    """Warm up linearly, then decay as a cosine to a twentieth of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps)))


class Run:
    """A training run that can stop after any checkpoint and go on later."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.backbone = Backbone.load(options.backbone)
        torch.manual_seed(options.seed)
        config = LPMConfig(
            hidden_size=self.backbone.hidden_size, query_layer=QUERY_LAYER,
            num_soft_tokens=options.soft_tokens, code_dim=options.code_dim,
        )
        self.model = LPMModel(config, self.backbone)
        self.table = self.backbone.model.get_input_embeddings().weight
        tie_to_embeddings(self.model.writer, self.model.projector, self.table)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=1e-3, weight_decay=0.01)
        self.generator = torch.Generator().manual_seed(options.seed)
        self.scorer = AnswerScorer(self.backbone)
        self.settings = JointConfig(
            users_per_step=options.users_per_step, questions_per_user=options.questions
        )
        self.users: list[TrainingUser] = []
        self.step = 0
        self.log = options.out / "log.jsonl"
        options.out.mkdir(parents=True, exist_ok=True)
        if options.resume:
            self.load()
        if options.start_from:
            self.model.load_state_dict(load_file(options.start_from))

    def add_users(self, count: int) -> None:
        """Prepare fresh users up to `count` in all."""
        while len(self.users) < count:
            user = generate_user(self.options.first_seed + len(self.users), "train")
            self.users.append(from_synthetic(self.backbone, user, QUERY_LAYER))

    def write(self, **record: object) -> None:
        """Append one line to the log and print it."""
        line = json.dumps({"step": self.step, "time": round(time.time()), **record})
        print(line, flush=True)
        with self.log.open("a") as file:
            file.write(line + "\n")

    def train(self) -> None:
        """Run both stages; fresh users join while the first stage runs."""
        options = self.options
        total = options.first_stage + options.steps
        begin, sums = time.time(), torch.zeros(4)
        while self.step < total:
            self.add_users(min(options.users, 64 + 2 * self.step))
            first = self.step < options.first_stage
            peak = options.first_rate if first else options.rate
            place = self.step if first else self.step - options.first_stage
            length = options.first_stage if first else options.steps
            self.optimiser.param_groups[0]["lr"] = rate(place, length, peak)
            chosen = torch.randperm(len(self.users), generator=self.generator)
            batch = [self.users[i] for i in chosen[: self.settings.users_per_step].tolist()]
            losses = joint_step(
                self.model.writer, self.model.projector, self.table, batch, self.settings,
                self.generator, None if first else self.scorer,
            )
            if not torch.isfinite(losses.total):
                raise SystemExit("The loss became NaN; nothing was saved.")
            self.optimiser.zero_grad()
            losses.total.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            self.step += 1
            sums += torch.tensor([losses.salience, losses.retrieval, losses.likeness, losses.answer])
            if self.step % 20 == 0:
                names = ("salience", "retrieval", "likeness", "answer")
                means = {n: round(float(v) / 20, 4) for n, v in zip(names, sums, strict=True)}
                self.write(users=len(self.users), seconds=round(time.time() - begin), **means)
                sums.zero_()
            if self.step % options.evaluate_every == 0 or self.step in (options.first_stage, total):
                self.write(**evaluate(self.model, self.table, options.evaluate_users))
                self.save()

    def save(self) -> None:
        """Write the weights and, beside them, the state to go on from."""
        self.model.save_pretrained(self.options.out / "model")
        state = {"generator": self.generator.get_state(), "step": torch.tensor(self.step)}
        for name, parameter in self.model.named_parameters():
            held = self.optimiser.state.get(parameter, {})
            state |= {f"{key}/{name}": held[key].clone() for key in held}
        half = self.options.out / "state.part"
        save_file(state, half)
        os.replace(half, self.options.out / "state.safetensors")

    def load(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        path = self.options.out / "state.safetensors"
        if not path.exists():
            return
        state = load_file(path)
        self.model.load_state_dict(load_file(self.options.out / "model" / "model.safetensors"))
        for name, parameter in self.model.named_parameters():
            keys = [key for key in ("step", "exp_avg", "exp_avg_sq") if f"{key}/{name}" in state]
            if keys:
                self.optimiser.state[parameter] = {key: state[f"{key}/{name}"] for key in keys}
        self.generator.set_state(state["generator"])
        self.step = int(state["step"])


@torch.no_grad()
def evaluate(model: LPMModel, table: torch.Tensor, count: int) -> dict[str, float]:
    """Answer validation users' questions from their own and from another user's memory.

    Validation users are of the training split's world but of seeds that no training user has; the
    test split stays untouched until the final benchmark.
    """
    model.eval()
    backbone = model.backbone
    users = [generate_user(VALIDATION_SEED + i, "train") for i in range(count)]
    prepared = [from_synthetic(backbone, user, QUERY_LAYER) for user in users]
    written, _ = write_batch(model.writer, table, prepared, model.config.num_slots)
    found, known = 0, 0
    scores: dict[str, list[bool]] = {"own": [], "swapped": []}
    for index, (user, ready) in enumerate(zip(users, prepared, strict=True)):
        first = len(user.practice)
        queries = ready.queries[first:]
        for kind, source in (("own", index), ("swapped", (index + 1) % count)):
            slots = written.slots[source][None, None].expand(len(queries), -1, -1, -1)
            mask = written.mask[source][None].expand(len(queries), -1)
            rows, attention = model.projector(slots, queries, mask)
            scores[kind] += _right(backbone, user, rows)
            if kind == "own":
                kept = written.chunk_of_slot[index]
                held = ready.evidence[first:][:, kept]
                top = attention.mean(dim=1).argmax(dim=-1)
                known += int(held.any(dim=1).sum())
                found += int(held.gather(1, top[:, None])[:, 0].sum())
    model.train()
    total = max(1, len(scores["own"]))
    return {
        "own": round(sum(scores["own"]) / total, 4),
        "swapped": round(sum(scores["swapped"]) / total, 4),
        "kept": round(known / total, 4),
        "retrieved": round(found / total, 4),
        "n": total,
    }


def _right(backbone: Backbone, user: SyntheticUser, rows: torch.Tensor) -> list[bool]:
    results: list[bool] = []
    questions: Sequence = user.questions
    prompts = [
        build_prompt(backbone, [{"role": "user", "content": q.question}], "message", rows=True)
        for q in questions
    ]
    for start in range(0, len(questions), 32):
        part = slice(start, start + 32)
        embeddings, mask = inject(backbone, prompts[part], list(rows[part]))
        texts = backbone.decode(backbone.generate(embeddings, mask, max_new_tokens=14))
        results += [is_right(t, q) for t, q in zip(texts, questions[part], strict=True)]
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", default=EMBEDDED)
    parser.add_argument("--users", type=int, default=800)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--first-stage", type=int, default=600, help="steps without the LLM")
    parser.add_argument("--steps", type=int, default=3000, help="steps through the LLM")
    parser.add_argument("--first-rate", type=float, default=2e-3)
    parser.add_argument("--rate", type=float, default=7e-4)
    parser.add_argument("--users-per-step", type=int, default=8)
    parser.add_argument("--questions", type=int, default=4, help="questions a user a step")
    parser.add_argument("--soft-tokens", type=int, default=12)
    parser.add_argument("--code-dim", type=int, default=32)
    parser.add_argument("--evaluate-every", type=int, default=200)
    parser.add_argument("--evaluate-users", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start-from", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    Run(options).train()


if __name__ == "__main__":
    main()
