"""What Playwright expects of a page; imported only when a test runs, for collecting needs none."""


def expect(found):
    from playwright.sync_api import expect as expected

    return expected(found)
