"""Train the shared weights, writer and projector, in three stages that do not need each other.

coding: codes that name tokens, from the embedding table alone. speaking: how named tokens are said
to the frozen LLM. looking: what to keep and where to look, on cached hidden states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lpm.backbone import Backbone
from lpm.learning.coding import CodeLoss
from lpm.learning.looking import LookingLoss, LookingUser, hit_rate, measure_centres
from lpm.learning.speaking import SpeakingLoss, Spoken
from lpm.learning.stage import Stage, StageConfig, StageProgress, named
from lpm.modeling import LPMModel, same_depths, untrained_config
from lpm.nn.initialisers import tie_to_embeddings

FRAME = (
    "What I told you earlier that matters now:",
    ". If it does not say, tell me so. Answer in a few words.",
)
TOKEN_LAYERS = (0, 4, 8, 12)
"""Which tokens are worth keeping is best told by early layers; at these depths of 30."""
MARKERS = (" formerly", " because")
QUERY_DIM = 1024
KEYER_DIM = 1024
POOLING_RATE = 3.0
_CENTRE_USERS = 20


@dataclass(frozen=True)
class TrainPlan:
    """Steps of each stage, and how many examples or users a step sees.

    speaking_rows: examples a step through the LLM. looking_users: users a step of retrieval.
    looking_dropout: of the features that keys and queries are made of.
    """

    coding_steps: int = 2000
    speaking_steps: int = 900
    looking_steps: int = 900
    speaking_rows: int = 64
    looking_users: int = 10
    looking_dropout: float = 0.5
    seed: int = 0

    @property
    def coding(self) -> StageConfig:
        """Return the settings of the first stage."""
        return StageConfig(self.coding_steps, 1e-2, log_every=100, save_every=500, seed=self.seed)

    @property
    def speaking(self) -> StageConfig:
        """Return the settings of the second stage; constant rows learn at this rate."""
        return StageConfig(self.speaking_steps, 1e-2, log_every=10, save_every=100, seed=self.seed)

    @property
    def looking(self) -> StageConfig:
        """Return the settings of the third stage."""
        return StageConfig(
            self.looking_steps, 2e-3, weight_decay=0.05, save_every=200, seed=self.seed
        )


def trainable_model(backbone: Backbone, *, seed: int = 0) -> LPMModel:
    """Return fresh shared weights, ready for the first stage."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encode = backbone.tokenizer.encode
        frame = [encode(text, add_special_tokens=False) for text in FRAME]
        config = untrained_config(
            backbone,
            mlp="vocabulary",
            token_layers=same_depths(TOKEN_LAYERS, backbone.num_layers),
            rows_before=len(frame[0]),
            rows_after=len(frame[1]),
            query_dim=QUERY_DIM,
            keyer_dim=KEYER_DIM,
            markers=[encode(text, add_special_tokens=False)[0] for text in MARKERS],
            sink=True,
        )
        model = LPMModel(config, backbone)
        table = backbone.model.get_input_embeddings().weight.detach().cpu()
        tie_to_embeddings(model.writer, model.projector, table)
    with torch.no_grad():
        model.projector.w_v.mul_(4.0)
        for rows, tokens in zip(
            (model.projector.before, model.projector.after), frame, strict=True
        ):
            rows.copy_(table[torch.tensor(tokens)].float())
    return model


class SharedTrainer:
    """Run the stages in their order; each resumes at its last checkpoint in `folder`."""

    def __init__(
        self,
        model: LPMModel,
        plan: TrainPlan,
        folder: Path,
        *,
        resume: bool = False,
        progress: StageProgress | None = None,
    ) -> None:
        self.model = model
        self.plan = plan
        self.folder = folder
        self.resume = resume
        self.progress = progress

    def code(self) -> None:
        """Run the first stage."""
        writer, projector = self.model.writer, self.model.projector
        table = self.model.backbone.model.get_input_embeddings().weight.detach().cpu()
        loss = CodeLoss(writer, projector, table)
        parts = named(code=writer.code, code_detail=writer.code_detail, w_v=projector.w_v)
        stage = self._stage("coding", parts, self.plan.coding)
        stage.run(loss, checkpoint=lambda: {"named": loss.named(2000)}, progress=self.progress)

    def speak(
        self,
        draw: Callable[[int, torch.Generator], Sequence[Spoken]],
        checkpoint: Callable[[], Mapping[str, object]] | None = None,
    ) -> None:
        """Run the second stage; draw: gives so many examples, from a generator."""
        projector = self.model.projector
        parts = named(
            before=projector.before,
            after=projector.after,
            bias=projector.bias,
            gain=projector.gain,
        )
        # The gain sets the rows' scale, to which the frozen LLM is sensitive.
        stage = self._stage("speaking", parts, self.plan.speaking, {"gain": 0.3})
        loss = SpeakingLoss(self.model)
        stage.run(
            lambda generator: loss(draw(self.plan.speaking_rows, generator)),
            checkpoint=checkpoint,
            progress=self.progress,
        )

    def look(
        self,
        users: Sequence[LookingUser],
        held_out: Mapping[str, Sequence[LookingUser]] | None = None,
    ) -> None:
        """Run the third stage; held_out: further users to log the hit rate of, by name."""
        model, device = self.model, self.model.backbone.device
        model.to(device)  # type: ignore[arg-type]
        users = [user.to(device) for user in users]
        others = {
            name: [user.to(device) for user in part] for name, part in (held_out or {}).items()
        }
        measure_centres(model, users[:_CENTRE_USERS])
        parts = named(
            token_scorer=model.writer.token_scorer,
            chunk_scorer=model.writer.chunk_scorer,
            key=model.writer.key,
            pooling=model.writer.pooling,
            query=model.query,
            query_pooling=model.query_pooling,
            w_q=model.projector.w_q,
            w_k=model.projector.w_k,
        )
        if model.projector.sink is not None:
            parts |= named(sink=model.projector.sink)
        # Which tokens count is learnt from a plain mean, far from where it ends.
        rates = {name: POOLING_RATE for name in parts if "pooling" in name}
        stage = self._stage("looking", parts, self.plan.looking, rates)
        loss = LookingLoss(model, dropout=self.plan.looking_dropout)

        def one(generator: torch.Generator) -> torch.Tensor:
            order = torch.randperm(len(users), generator=generator)[: self.plan.looking_users]
            return loss([users[i] for i in order.tolist()], generator)

        def measured() -> dict[str, object]:
            groups = {"train": users[:20], **others}
            return {f"{name}_hits": hit_rate(model, part) for name, part in groups.items()}

        stage.run(one, checkpoint=measured, progress=self.progress)
        model.cpu()

    def _stage(
        self,
        name: str,
        parts: dict[str, nn.Parameter],
        config: StageConfig,
        rates: Mapping[str, float] | None = None,
    ) -> Stage:
        stage = Stage(name, parts, config, self.folder, rates=rates)
        if self.resume:
            stage.resume()
        return stage
