"""What is known of products that compete with each other: prices, what they do, what buyers say."""

from registry.sample.corpus import record

PRODUCTS = {"/rivals/products/{name}": record("products", "product")}
