# visit.py - one visit to a shop, as each dialect's suite tells it, and the report that must come of it.
# SPDX-License-Identifier: Apache-2.0
"""The visit: two page views, a newsletter joined, an order of two books. A suite tells it in its
dialect with the values below and then calls `check`, which asks the same of every dialect."""

SITE = "https://shop.example"
AGENT = ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
HOME = {"url": f"{SITE}/?utm_source=letter&utm_medium=email&utm_campaign=spring", "title": "Shop",
        "referrer": "https://mail.example/inbox"}
BOOK = {"url": f"{SITE}/books/dune", "title": "Dune", "referrer": f"{SITE}/"}
JOINED = {"event": "Newsletter Joined", "plan": "weekly"}
ORDER = {"order_id": "o-1", "revenue": 25.5, "currency": "EUR", "product_id": "b-17", "name": "Dune",
         "price": 12.75, "quantity": 2}


def rows(server, event, by, **more):
    series = server.ask({"kind": "trend", "event": event, "measure": "events", "interval": "all",
                         "by": by, **more})["series"]
    return {row["key"]: row["total"] for row in series}


def check(suite, server, has_title=True, has_order=True, joined=JOINED["event"]):
    """What any dialect's visit must say; a dialect without titles or orders says so, and one whose
    events cannot have such a name says which one it has."""
    suite.equal(rows(server, "page", "context.page.path"), {"/": 1, "/books/dune": 1},
                "each page was seen once")
    if has_title:
        suite.equal(rows(server, "page", "context.page.title"), {"Shop": 1, "Dune": 1},
                    "pages have their titles")
    suite.equal(rows(server, "page", "context.page.referrer"),
                {HOME["referrer"]: 1, BOOK["referrer"]: 1}, "and what led to them")
    suite.equal([rows(server, "page", name).get(value) for name, value in
                 (("utm_source", "letter"), ("utm_medium", "email"), ("utm_campaign", "spring"))],
                [1, 1, 1], "the campaign is told by the first page's address")
    suite.equal(rows(server, "page", "context.referrer.kind", traffic="raw"), {"mail": 1, "internal": 1},
                "which is told by kind")
    suite.equal(server.total("*", "people"), 1, "all of it is one visitor's")
    visits = server.ask({"kind": "visits", "interval": "all"})["series"][0]
    suite.equal((visits["visits"], visits["views"]), ([1], [2]), "it was one visit of two views")
    suite.equal(rows(server, joined, "plan"), {"weekly": 1}, "the own event is there")
    if has_order:
        suite.equal(float(server.total("Order Completed", {"sum": "revenue"})), ORDER["revenue"],
                    "the order has its revenue")
        suite.equal(rows(server, "Order Completed", "order_id"), {ORDER["order_id"]: 1},
                    "and its number")
    suite.equal(server.api("GET", "/api/quarantine").json()["count"], 0, "nothing was a misfit")
