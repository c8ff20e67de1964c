"""The shared weights train in `transformers.Trainer`, which keeps and restores checkpoints."""

from __future__ import annotations

import torch
from transformers import Trainer, TrainingArguments

from lpm.modeling import LPMModel
from lpm.testing import make_memory, tiny_model


def rows(model: LPMModel) -> list[dict[str, torch.Tensor]]:
    ids, _ = model.backbone.tokenize(["I live in Porto", "My dog is Rex."], padding_side="right")
    query = model.queries(["Where?", "Who?"])
    return [
        {
            "input_ids": ids[user],
            "labels": ids[user],
            "slots": make_memory(model=model, seed=user).slots,
            "query": query[user],
        }
        for user in (0, 1)
    ]


def trainer(model: LPMModel, folder, steps: int) -> Trainer:
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        save_steps=1,
        per_device_train_batch_size=2,
        learning_rate=0.01,
        lr_scheduler_type="constant",
        use_cpu=True,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to=[],
    )
    return Trainer(model=model, args=arguments, train_dataset=rows(model))


def test_two_steps_with_checkpoints_and_from_a_checkpoint(tiny, tmp_path):
    frozen = [weight.clone() for weight in tiny.model.parameters()]
    model, start = tiny_model(tiny), tiny_model(tiny).state_dict()
    trainer(model, tmp_path, 2).train()
    assert not torch.equal(model.projector.w_v, start["projector.w_v"])
    assert all(torch.equal(a, b) for a, b in zip(tiny.model.parameters(), frozen, strict=True))

    saved = LPMModel.from_pretrained(tmp_path / "checkpoint-2").attach(tiny)
    assert saved.fingerprint == model.fingerprint

    resumed = tiny_model(tiny)
    trainer(resumed, tmp_path, 2).train(resume_from_checkpoint=str(tmp_path / "checkpoint-1"))
    for name, weight in resumed.state_dict().items():
        assert torch.allclose(weight, model.state_dict()[name], atol=1e-6), name
