"""Follow links, without a network. What is broken is printed, and the exit status says whether anything is.

    python tests/links.py          links, anchors and pictures in Markdown files and in the text of notebooks
    python tests/links.py FOLDER   those of the built site FOLDER, where nothing may come from another host
"""
import json, re, sys
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
LOADED = {'script': 'src', 'img': 'src', 'iframe': 'src', 'source': 'src', 'video': 'src', 'audio': 'src', 'embed': 'src', 'object': 'data', 'link': 'href'}

# --- Markdown --------------------------------------------------------------------------------------

def texts(p):
    "The Markdown of a file, in a notebook also that of outputs"
    s = p.read_text(encoding='utf-8')
    if p.suffix!='.ipynb': return [s]
    cells = json.loads(s)['cells']
    outputs = [o['data']['text/markdown'] for c in cells for o in c.get('outputs', []) if 'text/markdown' in o.get('data', {})]
    return [''.join(t) for t in [*(c['source'] for c in cells if c['cell_type']=='markdown'), *outputs]]

def tokens(p):
    for t in texts(p): yield from MarkdownIt('commonmark').enable('table').parse(t)

@lru_cache(None)
def headings(p):
    "Anchors: in a notebook as Jupyter makes them, in Markdown as GitHub does"
    flow, slugs, found = list(tokens(p)), [], set()
    for t,inline in zip(flow, flow[1:]):
        if t.type!='heading_open': continue
        title = ''.join(c.content for c in inline.children if c.type in ('text', 'code_inline'))
        slug = title.replace(' ', '-') if p.suffix=='.ipynb' else re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-')
        found.add(slug if p.suffix=='.ipynb' or slug not in slugs else f'{slug}-{slugs.count(slug)}')
        slugs.append(slug)
    return found

def targets(p):
    for t in tokens(p):
        for c in t.children or []:
            if c.type=='link_open': yield c.attrs['href']
            if c.type=='image': yield c.attrs['src']
            if c.type=='html_inline': yield from re.findall(r'(?:href|src)="([^"]*)"', c.content)
        if t.type=='html_block': yield from re.findall(r'(?:href|src)="([^"]*)"', t.content)

def well_formed(url): return url.scheme=='https' and re.fullmatch(r'[\w-]+(\.[\w-]+)+(:\d+)?', url.netloc) and not re.search(r'\s|%20', url.geturl())

def wrong_link(p, link):
    "Why a link of Markdown leads nowhere, or None"
    url = urlsplit(link)
    if url.scheme or url.netloc: return None if url.scheme=='mailto' or well_formed(url) else 'is not a well-formed https address'
    file = (p.parent/unquote(url.path)).resolve() if url.path else p
    if not file.is_relative_to(ROOT) or not file.exists(): return 'does not exist'
    if url.fragment and file.suffix in ('.md', '.ipynb') and unquote(url.fragment) not in headings(file): return 'has no such heading'

def markdown_problems():
    files = [ROOT/n for n in ('README.md', 'CONTRIBUTING.md', 'CHANGELOG.md')] + sorted((ROOT/'nbs').glob('*.ipynb'))
    return [f'{p.relative_to(ROOT)}: {link} {why}' for p in files for link in targets(p) if (why := wrong_link(p, link))]

# --- the built site --------------------------------------------------------------------------------

class Page(HTMLParser):
    "Ids, links and what a page loads"
    def __init__(self, p):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(p.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.ids |= {a[k] for k in ('id', 'name') if a.get(k)}
        if tag=='a' and a.get('href'): self.links.append(a['href'])
        if a.get(LOADED.get(tag)): self.loads.append(a[LOADED[tag]])

def wrong_target(pages, root, p, link, loaded):
    "Why a link of a page leads nowhere, or None"
    url = urlsplit(link)
    if url.scheme=='data': return None
    if url.scheme or url.netloc: return 'comes from another host' if loaded else None
    file = (p.parent/unquote(url.path)).resolve() if url.path else p
    if not file.is_relative_to(root) or not file.is_file(): return 'does not exist'
    if url.fragment and file in pages and unquote(url.fragment) not in pages[file].ids: return 'has no such anchor'

def site_problems(root):
    pages = {p: Page(p) for p in root.rglob('*.html')}
    found = [f'{p.relative_to(root)}: {link} {why}' for p,page in pages.items() for links,loaded in ((page.links, False), (page.loads, True))
             for link in links if (why := wrong_target(pages, root, p, link, loaded))]
    far = re.compile(r'(?:@import\s+|url\()\s*["\']?(?:https?:)?//[^\s"\')]+')
    styles = [f'{p.relative_to(root)}: {m} comes from another host' for p in [*root.rglob('*.css'), *pages] for m in far.findall(p.read_text(encoding='utf-8'))]
    return found + styles + ([] if (root/'index.html').is_file() else ['index.html is missing'])

if __name__=='__main__':
    problems = site_problems(Path(sys.argv[1]).resolve()) if sys.argv[1:] else markdown_problems()
    if problems: sys.exit('\n'.join(problems))
