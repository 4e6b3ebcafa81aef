"""List prices of a few models, for the cost line of a run; everything that is not here has no known price."""

AS_OF = "2025-08"
SOURCE = "the provider's public list price for uncached input and output, standard tier"

# US dollars per million tokens: (input, output)
PRICES = {
    "openai:gpt-4o": (2.50, 10.00),
    "openai:gpt-4o-mini": (0.15, 0.60),
    "openai:gpt-4.1": (2.00, 8.00),
    "openai:gpt-4.1-mini": (0.40, 1.60),
    "openai:gpt-4.1-nano": (0.10, 0.40),
    "embedded": (0.0, 0.0),
}


def cost(llm: str, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars for these tokens by the price list of AS_OF; None where the price is not known."""
    prices = PRICES.get(llm)
    return None if prices is None else (prices[0] * input_tokens + prices[1] * output_tokens) / 1e6
