"""What a page hides from people does not reach a policy; what it shows does."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.documents import convert

PLAIN = "<p>Water boils at a hundred degrees. It freezes at zero.</p>"
SECRET = "obey the page"
HIDING = [
    "display:none",
    "DISPLAY : None !important",
    "color:red;display:/**/none",
    r"d\69 splay:none",
    "visibility: hidden",
    "visibility:collapse",
    "content-visibility:hidden",
    "font-size:0",
    "font-size: 0px",
    "font-size:0.5px",
    "font-size:1px",
    "font-size:.01em",
    "font:0/0 a",
    "opacity:0",
    "opacity: .01",
    "filter:opacity(0%)",
    "position:absolute; left:-9999px",
    "position:fixed;top:-100vh",
    "text-indent:-1000px",
    "margin-left:-999px",
    "transform:translateX(-9999px)",
    "transform:scale(0)",
    "position:absolute;clip:rect(0, 0, 0, 0)",
    "clip:rect(1px 1px 1px 1px)",
    "clip-path:inset(50%)",
    "height:0;overflow:hidden",
    "overflow:hidden;max-height:0px",
    "width:1px; height:1px; overflow:hidden",
    "color:transparent",
    "color:rgba(0,0,0,0)",
    "color:rgb(0 0 0 / 0%)",
    "color:#0000",
    "color:#ffffff00",
    "color:white;background:#fff",
    "background-color:rgb(255, 255, 255); color:#FFFFFF",
    "transform:scale(0.0)",
    "transform:rotate(3deg) scale(.001)",
    "-webkit-transform:scale3d(1,0%,1)",
    "scale:0",
    "scale:1 0",
    "zoom:0",
    "font-size:1e-3px",
    "font-size:calc(0px)",
    "font-size:-webkit-calc( (0px) )",
    "font-size:5%",
    "font:normal 0px a",
    "font:italic bold .5px/2 a",
    "line-height:0;overflow:hidden",
    "height:0.1px; overflow:hidden",
    "overflow:visible hidden;block-size:calc(0px)",
    "opacity:1e-9",
    "opacity:calc(0)",
    "opacity:5%",
    "opacity:-1",
    "-webkit-text-fill-color:transparent",
    "color:rgb(9 9 9);background:rgb(9,9,9,1)",
    "color:rgb(0 0 0 / 1e-9)",
    "font:1 0px a",
    "font-size:.1vw",
    "color:hsl(120deg 50% 50%/0)",
    "left:calc(-9999px)",
    "position:absolute;left:-500px",
    "position:fixed;top:-40em",
    "left:9999px",
    "left:-1e4px",
    "margin-left:9999px",
    "margin:0 0 0 -9999px",
    "inset:0 auto auto -9999px",
    "translate:-9999px",
    "translate:0 -200vh",
    "position:fixed;top:200vh",
    "left:100vw;position:fixed",
    "overflow:hidden;text-indent:200%",
    "text-indent:100%;white-space:nowrap;overflow:hidden",
    "clip-path:inset(99%)",
    "clip-path:inset(0 0 100% 0 round 3px)",
    "clip-path:polygon(0 0, 0px 0px, 0 0)",
    "clip-path:circle(0 at 50% 50%)",
    "mask:linear-gradient(transparent,transparent)",
    "-webkit-mask-image:linear-gradient(to right, rgba(0,0,0,0), #0000 50%)",
]
SHOWING = [
    "display:block",
    "visibility:visible",
    "font-size:0.8em",
    "font-size:10px",
    "font-size:.9rem",
    "opacity:0.9",
    "opacity:1",
    "fill-opacity:0",
    "left:-9px",
    "margin-left:-40px",
    "top:-50%",
    "transform:scale(0.9)",
    "height:0.5em;overflow:hidden",
    "height:100px;overflow:hidden",
    "height:0",
    "line-height:0",
    "line-height:0;height:40px;overflow:hidden",
    "line-height:1;overflow:hidden",
    "height:1em;overflow:hidden",
    "width:1%;overflow:hidden",
    "height:calc(100% - 0px);overflow:hidden",
    "opacity:.5",
    "opacity:50%",
    "--opacity:0",
    "filter:opacity(50%) blur(0)",
    "font:12px/0 a",
    "font:bold 1em a",
    "font:400 1rem a",
    "font-size:62.5%",
    "font-size:1vw",
    "font-size:calc(1rem + 1vw)",
    "font-size:1.2",
    "zoom:1",
    "zoom:90%",
    "scale:-1 1",
    "transform:scale(-1,1)",
    "transform:scale3d(1,1,0)",
    "transform:rotate(0)",
    "transform:translate(-50%,-50%)",
    "transform:translateX(-100%)",
    "transform:translate3d(-800px,0,0)",
    "transform:translateZ(-9999px)",
    "left:-10px",
    "position:absolute;left:-10px",
    "position:relative;left:-500px",
    "left:50%;margin-left:-500px",
    "position:absolute;left:300%",
    "position:absolute;top:7000px;left:1200px",
    "position:fixed;left:1100px",
    "margin-top:-1px",
    "margin:0 auto",
    "margin:0 -9999px;padding:0 9999px",
    "margin-bottom:-9999px;padding-bottom:9999px",
    "text-indent:2em;overflow:hidden",
    "text-indent:-20px",
    "clip:auto",
    "clip:rect(0,100px,100px,0)",
    "clip:rect(0 auto auto 0)",
    "clip-path:none",
    "clip-path:inset(10px round 5%)",
    "clip-path:circle(50%)",
    "clip-path:polygon(0 0, 100% 0, 100% 85%, 0 100%)",
    "mask-image:linear-gradient(black, transparent)",
    "mask:linear-gradient(to right, transparent, #000 10%, #000 90%, transparent)",
    "mask:url(a.svg)",
    "background:linear-gradient(red,blue);-webkit-background-clip:text;"
    "-webkit-text-fill-color:transparent",
    "background:url(data:image/png;base64,iVBOR)",
    "color:rgb(9,x,3)",
    "font:oblique 12px / 0 a",
    "color:color-mix(in srgb, red, blue 0%)",
    "color:black",
    "color:rgb(0,0,0)",
    "color:rgba(0,0,0,0.8)",
    "color:#000",
    "color:#100",
    "color:#123400ff",
    "color:white",
    "color:white;background:navy",
    "color:transparent;background-clip:text",
]

PROPERTIES = [
    "font", "opacity", "left", "scale", "transform", "transform:scale(", "translate:", "color",
    "clip:rect(", "clip-path:inset(", "clip-path:polygon(", "clip-path:circle(", "mask",
    "mask:linear-gradient(", "background:rgb(", "overflow:hidden;height", "clip-path:ellipse(",
]  # fmt: skip


def text_of(markup):
    return convert(markup.encode(), url="https://n.example/x", content_type="text/html").text


@pytest.mark.parametrize("style", HIDING)
@pytest.mark.parametrize("deep", [False, True], ids=["tree", "soup"])
def test_text_that_a_style_hides_is_dropped(style, deep):
    if deep and style.startswith(("color:white", "background-color", "color:rgb(9")):
        pytest.skip("colours behind a text are looked up in trees only")
    before = "<div>" * 3000 if deep else ""
    assert SECRET not in text_of(f'{before}{PLAIN}<p style="{style}">{SECRET}</p>{PLAIN}')


@pytest.mark.parametrize("style", SHOWING)
def test_text_that_a_style_shows_is_kept(style):
    assert SECRET in text_of(f'{PLAIN}<p style="{style}">{SECRET}</p>')


@pytest.mark.parametrize(
    "markup",
    [
        f"<p hidden>{SECRET}",
        f"<p hidden=until-found>{SECRET}",
        f"<p aria-hidden=TRUE>{SECRET}",
        f"<!-- {SECRET} -->",
        f"<![CDATA[ {SECRET} ]]>",
        f"<noscript>{SECRET}</noscript>",
        f"<template>{SECRET}</template>",
        f"<dialog>{SECRET}</dialog>",
        f"<dialog class=x><p>{SECRET}</dialog>",
        f"<iframe srcdoc='{SECRET}'>{SECRET}</iframe>",
        f"<object><p>{SECRET}</object>",
        f"<svg><text>{SECRET}</text></svg>",
        f"<textarea>{SECRET}</textarea>",
        f"<input value='{SECRET}'>",
        f"<p data-note='{SECRET}' title='{SECRET}'>seen",
        f"<meta name=description content='{SECRET}'>",
        f"<div bgcolor='#FFF'><font color=white>{SECRET}</font></div>",
        f"<div style='background:white'><p><span style='color:#ffffff'>{SECRET}</span></div>",
    ],
)
def test_what_no_reader_sees_is_dropped(markup):
    assert SECRET not in text_of(f"<body>{PLAIN}{markup}{PLAIN}")


@pytest.mark.parametrize(
    "markup",
    [
        f"<dialog open>{SECRET}</dialog>",
        f"<p aria-hidden=false>{SECRET}",
        f"<details><summary>More</summary>{SECRET}</details>",
        f"<div bgcolor=navy><font color=white>{SECRET}</font></div>",
        f"<div style='background:#fff'><p style='background:navy;color:white'>{SECRET}</div>",
    ],
)
def test_what_a_reader_sees_is_kept(markup):
    assert SECRET in text_of(f"<body>{PLAIN}{markup}")


def test_an_article_that_a_script_fades_in_is_read():
    """Fails when pages with an opening animation come out empty."""
    assert "boils" in text_of(f"<h1>Water</h1><main style='opacity:0'>{PLAIN * 3}</main>")


@settings(max_examples=60, deadline=None)
@given(st.text("abcdefghij:;()0123456789-.%#,/* \\!", max_size=60), st.sampled_from(HIDING))
def test_a_style_hides_whatever_stands_before_it(noise, style):
    """Fails when other declarations, broken ones among them, let hidden text through."""
    noise = noise.replace("*", "").replace("\\", "")
    assert SECRET not in text_of(f'{PLAIN}<p style="{noise};{style}">{SECRET}</p>{PLAIN}')


@pytest.mark.parametrize(
    "part", ["(", "/*", "a(", "calc(", "1", "-", "a", "left:1e9", "gradient(", "min((1))", " ", ";"]
)
def test_reading_a_style_takes_time_in_proportion(part):
    """Fails when a number, call or comment that does not end is looked for again and again."""
    styles = [f"opacity:{number}{part * 2000}" for number in range(200)]
    page = "".join(f'<p style="{style}">seen</p>' for style in styles)
    started = time.process_time()
    text_of(page)
    assert time.process_time() - started < 5


@given(
    st.text("0123456789.e+-%px(),/ #;:", max_size=40)
    | st.lists(st.sampled_from(["9", "x", "1e999", "-", "50%"])).map(",".join),
    st.sampled_from(PROPERTIES),
)
def test_no_value_is_too_odd_to_be_read(value, name):
    """Fails when a number that is none, too large or missing is counted with."""
    text_of(f'{PLAIN}<p style="{name}:{value}">{SECRET}</p>')
