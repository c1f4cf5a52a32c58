"""What every page of ours is made of: one static file that loads nothing from outside."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

STYLE = """
:root{color-scheme:light;--ink:#1d2733;--soft:#5b6673;--line:#dfe4ea;--mark:#33658a}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem 1.1rem 3rem;max-width:60rem;color:var(--ink);background:#fff;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:1.7rem;margin:.4rem 0 0}h2{font-size:1.15rem;margin:2rem 0 .5rem;
border-bottom:1px solid var(--line)}p{margin:.4rem 0}.soft{color:var(--soft);font-size:.9rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.93rem}
th{text-align:left;color:var(--soft);font-weight:600}td,th{padding:.22rem .6rem .22rem 0;
border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums;white-space:nowrap}tr.differs td{background:#fff6ec}
.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}.cards div{border:1px solid var(--line);
border-radius:.4rem;padding:.4rem .8rem;min-width:8rem;flex:1}.cards b{display:block;
font-size:1.25rem}.bad{color:#b3261e;font-weight:600}.good{color:#1f7a4d}
svg{width:100%;height:auto;display:block;font:11px system-ui,"DejaVu Sans",sans-serif}
img{max-width:100%}pre{background:#f5f7f9;padding:.7rem;overflow-x:auto;font-size:.85rem;
border-radius:.3rem}code{overflow-wrap:anywhere}
#zoom{overflow:hidden;border:1px solid var(--line);touch-action:none;cursor:grab;height:26rem;
position:relative}#zoom img{max-width:none;width:100%;height:100%;
object-fit:contain;transform-origin:0 0;user-select:none}
button{font:inherit;padding:.2rem .8rem;border:1px solid var(--line);background:#fff;
border-radius:.3rem}.pick input{position:absolute;opacity:0}.pick label{display:inline-block;
border:1px solid var(--line);border-radius:.3rem;padding:.1rem .6rem;margin:.1rem;cursor:pointer}
.pick input:focus-visible+label{outline:2px solid var(--mark)}.pane{display:none;margin-top:.5rem}
@media(max-width:34rem){body{font-size:15px;padding:.6rem}#zoom{height:18rem}
svg{min-width:34rem}.drawing{overflow-x:auto}}
@media print{body{max-width:none;font-size:10pt}#zoom{height:auto;border:0;overflow:visible}
#zoom img{transform:none!important;max-height:14cm;height:auto;width:auto}
.noprint,.pick label{display:none}
h2,section>p:not(:last-child){break-after:avoid}svg,tr,img,p,.pick{break-inside:avoid}
details>*{display:block}}
"""
ZOOM = """
(function(){var box=document.getElementById('zoom');if(!box)return;
var img=box.querySelector('img'),s=1,x=0,y=0,held={},gap=0;
function show(){img.style.transform='translate('+x+'px,'+y+'px) scale('+s+')';}
function zoom(f,cx,cy){var n=Math.min(40,Math.max(1,s*f));x=cx-(cx-x)*n/s;y=cy-(cy-y)*n/s;s=n;
if(s===1){x=0;y=0;}show();}
box.addEventListener('wheel',function(e){e.preventDefault();var r=box.getBoundingClientRect();
zoom(e.deltaY<0?1.2:1/1.2,e.clientX-r.left,e.clientY-r.top);},{passive:false});
box.addEventListener('pointerdown',function(e){box.setPointerCapture(e.pointerId);
held[e.pointerId]=e;gap=0;});
function drop(e){delete held[e.pointerId];gap=0;}
box.addEventListener('pointerup',drop);box.addEventListener('pointercancel',drop);
box.addEventListener('pointermove',function(e){var was=held[e.pointerId];if(!was)return;
var ids=Object.keys(held);held[e.pointerId]=e;
if(ids.length===1){x+=e.clientX-was.clientX;y+=e.clientY-was.clientY;show();return;}
var a=held[ids[0]],b=held[ids[1]],r=box.getBoundingClientRect();
var d=Math.hypot(a.clientX-b.clientX,a.clientY-b.clientY);
if(gap)zoom(d/gap,(a.clientX+b.clientX)/2-r.left,(a.clientY+b.clientY)/2-r.top);gap=d;});
document.querySelectorAll('[data-zoom]').forEach(function(k){k.addEventListener('click',function(){
var f=parseFloat(k.dataset.zoom);if(f)zoom(f,box.clientWidth/2,box.clientHeight/2);
else{s=1;x=0;y=0;show();}});});})();
"""


def page(title: str, parts: Iterable[str]) -> str:
    """Return a whole page."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n<script>{ZOOM}</script>\n"
        "</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """Return a section with a heading."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    marked: Sequence[int] = (),
) -> str:
    """Return a table of escaped text; `numbers` are columns to align, `marked` rows to colour."""

    def row(cells: Sequence[str], tag: str, extra: str = "") -> str:
        inner = "".join(
            f"<{tag}{' class=n' if i in numbers else ''}>{escape(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        )
        return f"<tr{extra}>{inner}</tr>"

    body = "".join(
        row(cells, "td", ' class="differs"' if i in marked else "") for i, cells in enumerate(rows)
    )
    top = f"<thead>{row(head, 'th')}</thead>" if any(head) else ""
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'


def picture(path: Path, alt: str) -> str:
    """Return an image with its content in the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'


def zoomable(path: Path, alt: str) -> str:
    """Return an image that can be dragged and zoomed by wheel, pinch or button."""
    return (
        f'<div id="zoom">{picture(path, alt)}</div><p class="noprint">'
        '<button data-zoom="1.6">+</button> <button data-zoom="0.625">&minus;</button> '
        '<button data-zoom="0">whole</button> '
        '<span class="soft">or wheel, pinch and drag</span></p>'
    )


def chooser(name: str, labels: Sequence[str], panes: Sequence[str]) -> str:
    """Return panes of which one is shown, chosen by buttons; works without scripts."""
    rules = ",".join(f"#{name}{i}:checked~.{name}-{i}" for i in range(len(panes)))
    chosen = ",".join(f"#{name}{i}:checked+label" for i in range(len(panes)))
    buttons = "".join(
        f'<input type="radio" name="{name}" id="{name}{i}"{" checked" if i == 0 else ""}>'
        f'<label for="{name}{i}">{escape(label)}</label>'
        for i, label in enumerate(labels)
    )
    shown = "".join(
        f'<div class="pane drawing {name}-{i}">{pane}</div>' for i, pane in enumerate(panes)
    )
    style = f"<style>{rules}{{display:block}}{chosen}{{background:#33658a;color:#fff}}</style>"
    return f'{style}<div class="pick">{buttons}{shown}</div>'


def drawing(svg: str) -> str:
    """Return a drawing that scrolls sideways on narrow screens."""
    return f'<div class="drawing">{svg}</div>'


def code(lines: str) -> str:
    """Return preformatted text."""
    return f"<pre>{escape(lines)}</pre>"
