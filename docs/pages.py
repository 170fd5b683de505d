"""Build the documentation from the notebooks as they are stored, without running them: python docs/pages.py [FOLDER]

The notebooks are copied to a temporary folder, flat, with nbdev's directives obeyed and links adapted; Sphinx makes the site of it (conf.py).
"""
import ast, json, re, shutil, sys, tempfile
from configparser import ConfigParser
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
INI = ConfigParser(delimiters='=')
INI.read(ROOT/'settings.ini', encoding='utf-8')
LIB = INI['DEFAULT']['lib_path']
SECTIONS = {'1': 'Using it', '2': 'More memories', '3': 'More', '4': 'More', '5': 'Experiments', '6': 'Speed and scale', '7': 'Results', '8': 'More', '9': 'Command line'}
WIDGET, PLOTLY = 'application/vnd.jupyter.widget-view+json', 'application/vnd.plotly.v1+json'

def slug(title): return title.replace(' ', '-') # the anchor that Jupyter gives a heading
def section(p): return 'The model' if p.name[:2]<='10' else SECTIONS[p.name[0]]
def chapters(): return sorted((ROOT/'nbs').glob('[0-9][0-9]_*.ipynb'))
def read(p): return p.read_text(encoding='utf-8')
def write(p, text): p.parent.mkdir(parents=True, exist_ok=True); p.write_text(text, encoding='utf-8')

def adapt_links(md, to):
    "Links of the root and of nbs/ become links of the flat folder `to`; what they point to is put there"
    def adapt(m):
        path = re.sub(r'^(\.\./|nbs/)+', '', m[1])
        if (ROOT/path).is_dir(): add_folder(path, to); path += '/index.md'
        elif (ROOT/path).is_file() and Path(path).suffix!='.md': copy(path, to)
        return f']({path}'
    return re.sub(r'\]\((?!\w+:|#)([^)#\s]+)', adapt, md)

def copy(path, to): (to/path).parent.mkdir(parents=True, exist_ok=True); shutil.copy2(ROOT/path, to/path)

def add_folder(path, to):
    "A page that lists the files of a folder"
    files = sorted(p.relative_to(ROOT/path).as_posix() for p in (ROOT/path).rglob('*') if p.is_file())
    for f in files: copy(f'{path}/{f}', to)
    rows = [f'| [{f}]({f}) | {(ROOT/path/f).stat().st_size:,} |' for f in files]
    write(to/path/'index.md', '\n'.join(['---\norphan: true\n---', f'# {path}', '', '| file | bytes |', '|---|--:|', *rows]))

def adapt_output(o, to):
    "Live widgets are left out (a picture stands beside them); plotly gets the library that is shipped; tables get their links"
    data = o.get('data', {})
    data.pop(WIDGET, None)
    if PLOTLY in data:
        import plotly
        shutil.copy2(Path(plotly.__file__).parent/'package_data/plotly.min.js', to/'plotly.min.js')
        fig = plotly.io.from_json(json.dumps(data.pop(PLOTLY)), skip_invalid=True)
        data['text/html'] = plotly.io.to_html(fig, include_plotlyjs='plotly.min.js', include_mathjax=False, full_html=False)
    if 'text/markdown' in data: data['text/markdown'] = adapt_links(''.join(data['text/markdown']), to)

def adapt_cell(c, to):
    "Obey the directives of a cell and take them away; None: it is not shown"
    lines = ''.join(c['source']).split('\n')
    says = {re.sub(r'\s', '', l[2:]) for l in lines if l.startswith('#|')}
    if c['cell_type']=='markdown': return {**c, 'source': adapt_links('\n'.join(lines), to)}
    code = '\n'.join(l for l in lines if not l.startswith(('#|', '# NBVAL_'))).strip('\n')
    if not code or says & {'hide', 'include:false'}: return None
    if says & {'output:false', 'hide_output'}: c['outputs'] = []
    for o in c['outputs']: adapt_output(o, to)
    tags = ['remove-input']*bool(says & {'echo:false', 'hide_input'}) + ['export']*any(s.startswith('export') for s in says)
    return {**c, 'source': code, 'metadata': {'tags': tags, 'anchor': f'cell-{c["id"]}'}}

def adapt_notebook(p, to, extra=()):
    nb = json.loads(read(p))
    nb['cells'] = [new for c in nb['cells'] if (new := adapt_cell(c, to))] + list(extra)
    write(to/p.name, json.dumps(nb))

def title(p): return re.search(r'"# (.+?)(\\n)?"', read(p))[1]

def toctree(entries, caption=''): return '\n'.join(['```{toctree}', ':hidden:', f':caption: {caption}' if caption else '', '', *entries, '```', ''])

def contents():
    "The tables of contents, a section for each group of numbers"
    groups = {}
    for p in chapters(): groups.setdefault(section(p), []).append(f'{p.name[:2]} {title(p)} <{p.stem}>')
    trees = [toctree(entries, name) for name,entries in groups.items()]
    return '\n'.join([*trees, toctree(['api/index', 'CONTRIBUTING', 'CHANGELOG'], 'Reference')])

def bare_constants(name):
    "Constants without a docstring, which automodule passes over"
    body = ast.parse(read(ROOT/LIB/f'{name}.py')).body
    public = next((ast.literal_eval(x.value) for x in body if isinstance(x, ast.Assign) and ast.unparse(x.targets[0])=='__all__' and isinstance(x.value, ast.List)), [])
    said = lambda x: isinstance(x, ast.Expr) and isinstance(x.value, ast.Constant)
    names = [n.id for a,b in zip(body, [*body[1:], None]) if isinstance(a, ast.Assign) and not said(b) for t in a.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return [n for n in names if n in public]

def module_page(name, chapter):
    "What a module exports, from its own docstrings, signatures and comments"
    head = f'{name}\n{"="*len(name)}\n\nFrom chapter :doc:`/{chapter}`.\n\n'
    members = '   :members:\n   :undoc-members:\n' if name!='all' else ''
    return head + f'.. automodule:: {LIB}.{name}\n{members}\n' + ''.join(f'.. autodata:: {LIB}.{name}.{n}\n' for n in bare_constants(name))

def add_api(to):
    found = [(m[1], p.stem) for p in chapters() if (m := re.search(r'#\|\s*default_exp\s+(\w+)', read(p)))]
    for name,chapter in found: write(to/f'api/{name}.rst', module_page(name, chapter))
    rows = [f'| [{n}]({n}.rst) | {ast.get_docstring(ast.parse(read(ROOT/LIB/f"{n}.py"))) or ""} |' for n,_ in found]
    about = f'A page for each module of `{LIB}`; *[source]* leads to the cell of the chapter. All names: {{ref}}`genindex`.'
    write(to/'api/index.md', '\n'.join(['# API', '', about, '', '| module | |', '|---|---|', *rows, '', toctree([n for n,_ in found])]))

def stage(to):
    "Everything that Sphinx reads"
    for p in chapters(): adapt_notebook(p, to)
    adapt_notebook(ROOT/'nbs/index.ipynb', to, [dict(cell_type='markdown', id='contents', metadata={}, source=contents())])
    for name in ('CONTRIBUTING.md', 'CHANGELOG.md'): write(to/name, adapt_links(read(ROOT/name), to))
    add_api(to)

def main(out=ROOT/'_docs'):
    from sphinx.cmd.build import main as sphinx
    with tempfile.TemporaryDirectory() as d:
        stage(src := Path(d)/'pages')
        failed = sphinx(['-q', '-W', '--keep-going', '-c', str(DOCS), '-d', f'{d}/doctrees', str(src), f'{d}/site'])
        for p in src.glob('*.js'): shutil.copy2(p, f'{d}/site')
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(f'{d}/site', out) # not built there: MyST-NB leaves files beside the site
    return failed

if __name__=='__main__': sys.exit(main(*sys.argv[1:2]))
