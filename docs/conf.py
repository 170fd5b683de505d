"Sphinx's settings. pages.py prepares what is read."
import importlib, inspect, re, sys, warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]
from docutils import nodes
from fastcore.docments import docments
from latex2mathml.converter import convert
from pages import INI, LIB, ROOT
from sphinx import addnodes
from sphinx.util import logging

project, author, copyright = INI['DEFAULT']['title'], INI['DEFAULT']['author'], INI['DEFAULT']['copyright']
version = release = INI['DEFAULT']['version']
extensions = ['myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.linkcode']

html_theme, html_title, html_static_path, html_css_files = 'furo', f'{project} {version}', ['static'], ['site.css']
html_favicon = 'static/favicon.svg'
html_copy_source = html_show_sourcelink = False
html_math_renderer = 'mathml'
# A browser shows excerpts of what was found only where it may read other pages, so not from file://
html_js_files = [(None, {'body': "DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = location.protocol !== 'file:'"})]
nb_execution_mode, nb_render_markdown_format, nb_ipywidgets_js, nb_merge_streams = 'off', 'myst', {}, True
myst_enable_extensions, myst_heading_anchors, myst_heading_slug_func = ['dollarmath'], 6, 'pages.slug'
autodoc_member_order = 'bysource'
autodoc_typehints_format, autodoc_preserve_defaults, autodoc_inherit_docstrings = 'short', True, False
maximum_signature_line_length, add_module_names, toc_object_entries_show_parents = 60, False, 'hide'

MODULES = [importlib.import_module(f'{LIB}.{p.stem}') for p in sorted((ROOT/LIB).glob('[a-z]*.py')) if p.stem!='all']
HOME = {n: f'{m.__name__}.{n}' for m in MODULES for n in m.__all__} # where a public name comes from


# --- API pages: docstrings are Markdown, comments beside parameters say what they are ---------------

def rst(text):
    "A docstring's code, mathematics and everything else, for Sphinx"
    def one(m):
        code, maths, char = m.groups()
        if char: return '\\'+char
        new = f':math:`{maths}`' if maths else f':py:obj:`{code} <{HOME[code]}>`' if code in HOME else f'``{code}``'
        return f'\\ {new}\\ ' # may stand beside letters
    return re.sub(r'`([^`]+)`|\$([^$]+)\$|([\\*|_`])', one, text)

FIELD = re.compile(r'(?m)^ +(\w+):[^#\n]*# *(.+)') # of a NamedTuple, which docments does not read

def parameters(obj):
    "The comments beside parameters, and beside what is returned"
    try: said = dict(FIELD.findall(inspect.getsource(obj))) if hasattr(obj, '_fields') else docments(obj)
    except (TypeError, ValueError, OSError): return []
    said = {n: rst(' '.join(t.split())) for n,t in said.items() if t}
    return [f':returns: {t}' if n=='return' else f':param {n}: {t}' for n,t in said.items()]

def document(app, what, name, obj, options, lines):
    "Docstring and parameters; the docstring of a constant's class says nothing"
    if lines and lines[0]==(inspect.getdoc(type(obj)) or '').split('\n')[0]: lines[:] = []
    lines[:] = rst('\n'.join(lines)).split('\n') + ([''] + parameters(obj) if callable(obj) else [])

def skip(app, what, name, obj, skipped, options):
    "Of a class only what can be called or asked; its fields are parameters"
    return True if what=='class' and not (callable(obj) or isinstance(obj, (property, classmethod, staticmethod))) else None

def source_line(module, name):
    obj, text = module, inspect.getsource(module).split('\n')
    for part in name.split('.'): obj = inspect.getattr_static(obj, part, None)
    try: return inspect.getsourcelines(inspect.unwrap(getattr(obj, '__func__', getattr(obj, 'fget', obj))))[1]
    except (TypeError, OSError): return next((i for i,l in enumerate(text, 1) if re.match(rf'{name}\b.*=', l)), 0)

def linkcode_resolve(domain, info):
    "The cell of the chapter that a name comes from"
    module = importlib.import_module(info['module'])
    above = inspect.getsource(module).split('\n')[:source_line(module, info['fullname'])]
    cells = re.findall(r'(?m)^# %% \.\./nbs/(\w+)\.ipynb #(\w+)', '\n'.join(above))
    return f'../{cells[-1][0]}.html#cell-{cells[-1][1]}' if cells else None


# --- chapters: cells have anchors, public names lead to the API ------------------------------------

def connect(app, doctree):
    for cell in doctree.findall(lambda n: isinstance(n, nodes.container) and 'cell_metadata' in n):
        if 'anchor' in cell['cell_metadata']: cell['ids'].append(cell['cell_metadata']['anchor'])
    for value in list(doctree.findall(addnodes.desc_annotation)):
        if len(value.astext())>200: value.parent.remove(value) # of a constant: the chapter shows it
    for code in list(doctree.findall(nodes.literal)):
        if code.astext() not in HOME or isinstance(code.parent, (nodes.reference, addnodes.pending_xref, nodes.title)): continue
        ref = addnodes.pending_xref('', refdomain='py', reftype='obj', reftarget=HOME[code.astext()], refexplicit=True, refwarn=True, refdoc=app.env.docname)
        code.replace_self(ref)
        ref += code


# --- mathematics: MathML, made when the site is built ----------------------------------------------

def mathml(node, display):
    out = convert(node.astext(), display=display)
    if '\\' in out: logging.getLogger(__name__).warning('unknown LaTeX: %s', node.astext(), location=node)
    return out.replace('<mo minsize', '<mo stretchy="true" minsize') # also under an exponent

def inline_math(self, node): self.body.append(mathml(node, 'inline')); raise nodes.SkipNode
def block_math(self, node): self.body.append(f'<div class="equation">{mathml(node, "block")}</div>'); raise nodes.SkipNode

def setup(app):
    app.add_html_math_renderer('mathml', (inline_math, None), (block_math, None))
    app.connect('doctree-read', connect)
    app.connect('autodoc-process-docstring', document)
    app.connect('autodoc-skip-member', skip)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
