"""Tiny real pipelines of every family: random weights, the true classes, saved once and loaded as a user's folder."""

from typing import Any

T5: dict[str, Any] = {"vocab_size": 128, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 2}
WAN_VAE = {"base_dim": 3, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1}
WAN = {
    "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 16, "out_channels": 16, "text_dim": 32,
    "freq_dim": 256, "ffn_dim": 32, "num_layers": 2, "rope_max_seq_len": 32,
}  # fmt: skip
LTX2_DIMS = {
    "audio_in_channels": 4,
    "audio_out_channels": 4,
    "audio_num_attention_heads": 2,
    "audio_attention_head_dim": 4,
}

TINY: dict[str, dict[str, dict[str, Any]]] = {
    "cogvideox": {
        "text_encoder": T5,
        "vae": {"block_out_channels": (8, 8, 8, 8), "latent_channels": 4, "layers_per_block": 1, "norm_num_groups": 2},
        "transformer": {
            "num_attention_heads": 4, "attention_head_dim": 16, "in_channels": 4, "out_channels": 4,
            "time_embed_dim": 2, "text_embed_dim": 32, "num_layers": 2, "sample_width": 8, "sample_height": 8,
            "sample_frames": 9, "max_text_seq_length": 226, "use_rotary_positional_embeddings": True,
        },
    },
    "ltx": {
        "text_encoder": T5,
        "vae": {
            "latent_channels": 8, "block_out_channels": (8, 8, 8, 8), "decoder_block_out_channels": (8, 8, 8, 8),
            "layers_per_block": (1, 1, 1, 1, 1), "decoder_layers_per_block": (1, 1, 1, 1, 1),
        },
        "transformer": {
            "in_channels": 8, "out_channels": 8, "num_attention_heads": 4, "attention_head_dim": 8,
            "cross_attention_dim": 32, "num_layers": 2, "caption_channels": 32,
        },
    },
    "ltx2": {
        "text_encoder": {
            "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 1024,
        },
        "vae": {
            "latent_channels": 4, "block_out_channels": (8, 8, 8, 8), "decoder_block_out_channels": (8, 16, 32),
            "layers_per_block": (1, 1, 1, 1, 1), "decoder_layers_per_block": (1, 1, 1, 1),
        },
        "audio_vae": {
            "base_channels": 4, "output_channels": 2, "ch_mult": (1,), "num_res_blocks": 1, "latent_channels": 2,
            "resolution": 32, "mel_bins": 8,
        },
        "connectors": {
            "caption_channels": 16, "text_proj_in_factor": 3, "video_connector_num_attention_heads": 2,
            "video_connector_attention_head_dim": 8, "video_connector_num_layers": 1,
            "video_connector_num_learnable_registers": None, "audio_connector_num_attention_heads": 2,
            "audio_connector_attention_head_dim": 8, "audio_connector_num_layers": 1,
            "audio_connector_num_learnable_registers": None,
        },
        "transformer": {
            "in_channels": 4, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 8,
            "cross_attention_dim": 16, "num_layers": 2, "caption_channels": 16, "audio_cross_attention_dim": 8,
            "perturbed_attn": True, **LTX2_DIMS,
        },
        "vocoder": {
            "in_channels": 16, "hidden_channels": 32, "upsample_kernel_sizes": [4, 4], "upsample_factors": [2, 2],
            "resnet_kernel_sizes": [3], "resnet_dilations": [[1, 3, 5]], "output_sampling_rate": 16000,
        },
    },
    "hunyuan": {
        "text_encoder": {
            "vocab_size": 1024, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 4,
            "num_attention_heads": 4, "num_key_value_heads": 4,
        },
        "text_encoder_2": {
            "vocab_size": 128, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
            "num_attention_heads": 2, "projection_dim": 8,
        },
        "vae": {
            "latent_channels": 4, "block_out_channels": (8, 8, 8, 8), "layers_per_block": 1, "norm_num_groups": 4,
        },
        "transformer": {
            "in_channels": 4, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 10, "num_layers": 2,
            "num_single_layers": 2, "num_refiner_layers": 1, "text_embed_dim": 16, "pooled_projection_dim": 8,
            "rope_axes_dim": (2, 4, 4),
        },
    },
    "hunyuan15": {
        "text_encoder": {
            "vocab_size": 1024, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 3,
            "num_attention_heads": 2, "num_key_value_heads": 2,
            "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0},
        },
        "text_encoder_2": {"vocab_size": 1510, "d_model": 32, "d_kv": 8, "d_ff": 37, "num_layers": 2, "num_heads": 2},
        "vae": {
            "latent_channels": 4, "block_out_channels": (16, 16, 16, 16, 16), "layers_per_block": 1,
            "downsample_match_channel": False, "upsample_match_channel": False,
        },
        "transformer": {
            "in_channels": 9, "out_channels": 4, "num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 2,
            "num_refiner_layers": 1, "mlp_ratio": 2.0, "text_embed_dim": 16, "text_embed_2_dim": 32,
            "image_embed_dim": 12, "rope_axes_dim": (2, 2, 4), "target_size": 16,
        },
    },
    "wan": {"text_encoder": T5, "vae": WAN_VAE, "transformer": WAN},
    "wan22": {
        "text_encoder": T5, "vae": WAN_VAE, "transformer": WAN, "transformer_2": WAN,
        "pipeline": {"boundary_ratio": 0.875},
    },
}  # fmt: skip


def save_tiny(name: str, folder: Any) -> Any:
    """Build the tiny pipeline `name` and save it as a user's model folder."""
    from popcorn_agents.tools.renderers.architectures import build
    from popcorn_agents.tools.renderers.loading import quiet

    quiet()
    build("wan" if name == "wan22" else name, TINY[name]).save_pretrained(folder)
    return folder


def save_tiny_painter(folder: Any) -> Any:
    """A tiny Stable Diffusion pipeline, saved as a user's folder."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from popcorn_agents.tools.renderers.architectures import clip_tokenizer

    torch.manual_seed(0)
    text = CLIPTextConfig(
        vocab_size=128, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        projection_dim=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=(8, 8, 8, 8), latent_channels=4, norm_num_groups=2,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=clip_tokenizer(),
        unet=UNet2DConditionModel(
            block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=2, cross_attention_dim=16, sample_size=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=2,
        ),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder
