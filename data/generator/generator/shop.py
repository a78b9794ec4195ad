"""The code of the repository `shop`: files that the native sessions write and that its history has, or has not."""

from . import words


def lines(name: str, count: int) -> list[str]:
    """Lines of one file, its own by name."""
    return [f"def {name}_{words.THINGS[i % 30].replace(' ', '_')}_{i:02d}(order): return order.amount * {i + 3} - {name}_floor" for i in range(count)]


CART = lines("cart", 34)
TAX = lines("tax", 26)
VOUCHER = lines("voucher", 30)
REFUND_QUEUE = lines("refund_queue", 22)
REFUND_MAIL = lines("refund_mail", 20)
STOCK = lines("stock", 24)
CACHE = lines("cache", 21)
# Written in sessions, never committed.
WISHLIST = lines("wishlist", 36)
BANNER = lines("banner", 23)
