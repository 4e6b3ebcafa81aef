"""The true architectures of the video models, built from configs with random weights: for speed, memory and tests.

A family's builder takes one dict of settings per component; what is left out keeps the class's default, which for these
classes is the published full size. Nothing is downloaded: the tokenizer knows one sentence and pads like the real one.
"""

from collections.abc import Callable
from typing import Any

Parts = dict[str, dict[str, Any]]
"""Settings by component: transformer, vae, text_encoder, ..."""

WORDS = "a video of the one who walks through city lights at night, golden hour, slow motion, in sharp focus."
T5_XXL = {"vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64}


def build(family: str, parts: Parts, device: str = "cpu", dtype: str = "float32", seed: int = 0) -> Any:
    """A pipeline of the family with weights drawn from `seed`, made on `device` in `dtype` (no copy on the host)."""
    import torch

    before = torch.get_default_dtype()
    torch.manual_seed(seed)
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        with torch.device(device):
            pipe = BUILDERS[family](parts)
    finally:
        torch.set_default_dtype(before)
    for component in pipe.components.values():
        if isinstance(component, torch.nn.Module):
            component.eval()
            _keep_float32(component)
    return pipe


def _keep_float32(module: Any) -> None:
    """What loading from a folder would keep in float32 is kept in it here too."""
    kept = set(getattr(module, "_keep_in_fp32_modules", None) or ())
    for name, weight in module.named_parameters():
        if kept & set(name.split(".")):
            weight.data = weight.data.float()


def parameters(family: str, parts: Parts) -> dict[str, int]:
    """Parameters by component, counted on meta tensors: no memory, no time."""
    import torch

    pipe = build(family, parts, device="meta")
    modules = {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}
    return {name: sum(weight.numel() for weight in module.parameters()) for name, module in modules.items()}


def _unigram() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>", "<s>"]
    trainer = trainers.UnigramTrainer(vocab_size=60, special_tokens=special, unk_token=special[2], show_progress=False)
    tokenizer.train_from_iterator([WORDS], trainer)
    return tokenizer


def _fast_tokenizer(length: int) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=_unigram(),
        pad_token="<pad>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        bos_token="<s>",  # noqa: S106
        model_max_length=length,
    )


def _t5_tokenizer(length: int) -> Any:
    from transformers import T5Tokenizer

    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(piece, -3.0) for piece in dict.fromkeys("▁" + word for word in WORDS.split())]
    vocabulary += [(letter, -6.0) for letter in "▁abcdefghijklmnopqrstuvwxyz,."]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=length)


def clip_tokenizer() -> Any:
    """CLIP's tokenizer over single letters, which every text can be written with."""
    from transformers import CLIPTokenizer

    letters = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    pieces = [letter + end for letter in "abcdefghijklmnopqrstuvwxyz" for end in ("", "</w>")]
    letters |= {piece: number for number, piece in enumerate(pieces, 2)}
    return CLIPTokenizer(vocab=letters, merges=[], model_max_length=77)


def _t5(settings: dict[str, Any]) -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(**{**T5_XXL, "feed_forward_proj": "gated-gelu", **settings}))


def _cogvideox(parts: Parts) -> Any:
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXPipeline,
        CogVideoXTransformer3DModel,
    )

    return CogVideoXPipeline(
        tokenizer=_t5_tokenizer(226),
        text_encoder=_t5(parts.get("text_encoder", {})),
        vae=AutoencoderKLCogVideoX(**parts.get("vae", {})),
        transformer=CogVideoXTransformer3DModel(**parts.get("transformer", {})),
        scheduler=CogVideoXDDIMScheduler(
            beta_schedule="scaled_linear",
            beta_start=0.00085,
            beta_end=0.012,
            prediction_type="v_prediction",
            rescale_betas_zero_snr=True,
            timestep_spacing="trailing",
        ),
    )


def _ltx(parts: Parts) -> Any:
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )

    return LTXPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=AutoencoderKLLTXVideo(**parts.get("vae", {})),
        text_encoder=_t5(parts.get("text_encoder", {})),
        tokenizer=_t5_tokenizer(128),
        transformer=LTXVideoTransformer3DModel(**parts.get("transformer", {})),
    )


def _ltx2(parts: Parts) -> Any:
    from diffusers import (
        AutoencoderKLLTX2Audio,
        AutoencoderKLLTX2Video,
        FlowMatchEulerDiscreteScheduler,
        LTX2Pipeline,
        LTX2VideoTransformer3DModel,
    )
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = {"hidden_size": 3840, "intermediate_size": 15360, "num_hidden_layers": 48, "num_attention_heads": 16}
    text |= {"num_key_value_heads": 8, "head_dim": 256, "vocab_size": 262208, **parts.get("text_encoder", {})}
    vision = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Gemma3Config(
        text_config=text, vision_config={**vision, "image_size": 32, "patch_size": 8}, mm_tokens_per_image=4
    )
    ratios = {"spatial_compression_ratio": 32, "temporal_compression_ratio": 8}
    return LTX2Pipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, base_shift=0.95, max_shift=2.05),
        vae=AutoencoderKLLTX2Video(**(ratios | parts.get("vae", {}))),
        audio_vae=AutoencoderKLLTX2Audio(**parts.get("audio_vae", {})),
        text_encoder=Gemma3ForConditionalGeneration(config),
        tokenizer=_fast_tokenizer(1024),
        connectors=LTX2TextConnectors(**parts.get("connectors", {})),
        transformer=LTX2VideoTransformer3DModel(**parts.get("transformer", {})),
        vocoder=LTX2Vocoder(**parts.get("vocoder", {})),
    )


def _hunyuan(parts: Parts) -> Any:
    from diffusers import (
        AutoencoderKLHunyuanVideo,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideoPipeline,
        HunyuanVideoTransformer3DModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaModel

    llama = {"vocab_size": 128320, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
    llama |= {"num_attention_heads": 32, "num_key_value_heads": 8, **parts.get("text_encoder", {})}
    clip = {"vocab_size": 49408, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
    clip |= {"num_attention_heads": 12, "projection_dim": 768, **parts.get("text_encoder_2", {})}
    return HunyuanVideoPipeline(
        text_encoder=LlamaModel(LlamaConfig(pad_token_id=0, **llama)),
        tokenizer=_fast_tokenizer(351),
        transformer=HunyuanVideoTransformer3DModel(**parts.get("transformer", {})),
        vae=AutoencoderKLHunyuanVideo(**parts.get("vae", {})),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=CLIPTextModel(CLIPTextConfig(bos_token_id=0, eos_token_id=1, **clip)),
        tokenizer_2=clip_tokenizer(),
    )


def _hunyuan15(parts: Parts) -> Any:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideo15Pipeline,
        HunyuanVideo15Transformer3DModel,
    )
    from diffusers.guiders import ClassifierFreeGuidance
    from transformers import ByT5Tokenizer, Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    qwen: dict[str, Any] = {
        "vocab_size": 152064,
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
    }
    qwen |= {"num_attention_heads": 28, "num_key_value_heads": 4}
    qwen |= {"rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1000000.0}}
    byt5 = {"vocab_size": 1510, "d_model": 1472, "d_kv": 64, "d_ff": 3584, "num_layers": 12, "num_heads": 6}
    return HunyuanVideo15Pipeline(
        text_encoder=Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(**(qwen | parts.get("text_encoder", {})))),
        tokenizer=_qwen_tokenizer(),
        transformer=HunyuanVideo15Transformer3DModel(**({"task_type": "t2v"} | parts.get("transformer", {}))),
        vae=AutoencoderKLHunyuanVideo15(**parts.get("vae", {})),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=5.0),
        text_encoder_2=_t5(byt5 | parts.get("text_encoder_2", {})),
        tokenizer_2=ByT5Tokenizer(),
        guider=ClassifierFreeGuidance(guidance_scale=6.0),
    )


def _qwen_tokenizer() -> Any:
    from tokenizers import pre_tokenizers
    from transformers import Qwen2Tokenizer

    letters = {letter: n for n, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    letters["<|endoftext|>"] = len(letters)
    tokenizer = Qwen2Tokenizer(vocab=letters, merges=[])
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    return tokenizer


def _wan(parts: Parts) -> Any:
    import torch
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
    from transformers import UMT5Config, UMT5EncoderModel

    umt5 = {**T5_XXL, "vocab_size": 256384, "feed_forward_proj": "gated-gelu", **parts.get("text_encoder", {})}
    second = parts.get("transformer_2")
    with torch.device("cpu"):  # it moves its tables to the host, which meta tensors cannot
        scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    return WanPipeline(
        tokenizer=_t5_tokenizer(512),
        text_encoder=UMT5EncoderModel(UMT5Config(**umt5)),
        vae=AutoencoderKLWan(**parts.get("vae", {})),
        scheduler=scheduler,
        transformer=WanTransformer3DModel(**parts.get("transformer", {})),
        transformer_2=None if second is None else WanTransformer3DModel(**second),
        **parts.get("pipeline", {}),
    )


BUILDERS: dict[str, Callable[[Parts], Any]] = {
    "cogvideox": _cogvideox,
    "ltx": _ltx,
    "ltx2": _ltx2,
    "hunyuan": _hunyuan,
    "hunyuan15": _hunyuan15,
    "wan": _wan,
}
