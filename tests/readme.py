"Make README.md from nbs/index.ipynb; with --check, only say whether it is up to date."
import json, re, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

def cell_text(c):
    "A cell as Markdown: directives obeyed, code fenced, outputs below"
    src = ''.join(c['source'])
    if '#| hide' in src: return ''
    if c['cell_type']=='markdown': return src
    code = '\n'.join(l for l in src.split('\n') if not l.startswith('#|')).strip()
    return '\n\n'.join(([] if 'echo: false' in src else [f'```python\n{code}\n```']) + [t for o in c['outputs'] if (t := output_text(o))])

def output_text(o):
    data = o.get('data', {})
    if 'text/markdown' in data: return ''.join(data['text/markdown'])
    text = ''.join(o.get('text', data.get('text/plain', '')))
    return '' if not text.strip() else '\n'.join('    '+l for l in text.rstrip().split('\n'))

def readme():
    "Links of the notebook folder become links of the root"
    nb = json.loads((ROOT/'nbs/index.ipynb').read_text())
    md = '\n\n'.join(t for c in nb['cells'] if (t := cell_text(c)))
    md = re.sub(r'\]\((\d\d_\w+\.ipynb)', r'](nbs/\1', md)
    md = re.sub(r'\]\(#([^)\s]+)\)', lambda m: f'](#{m[1].lower()})', md) # anchors as code hosts make them in Markdown
    return '<!-- Made from nbs/index.ipynb by tests/readme.py -->\n\n' + md.replace('](../', '](') + '\n'

if __name__=='__main__':
    path, new = ROOT/'README.md', readme()
    if '--check' not in sys.argv: path.write_text(new)
    elif path.read_text()!=new: sys.exit('README.md is not what nbs/index.ipynb says: run python tests/readme.py')
