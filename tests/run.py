"""All checks of this project, one after the other.

    python tests/run.py            everything
    python tests/run.py episodic   only checks with this word in their name
"""
import json, os, re, shutil, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIB = 'neuromem_lit'
os.environ.setdefault('OMP_NUM_THREADS', '1')
TIMEOUT = int(os.environ.get('CHECK_TIMEOUT', 1200))  # seconds a check may take


# --- tools ---------------------------------------------------------------------------------------

class Failed(Exception): "A check that did not pass; its text is shown"

def fail_if(problems):
    if problems: raise Failed('\n'.join(problems))

def sh(*args, cwd=ROOT, **env):
    "Run a command of this environment; what it prints is the reason if it fails. env: None unsets a variable"
    env = {k: v for k,v in {**os.environ, **env}.items() if v is not None}
    cmd = [str(Path(sys.executable).parent/args[0]), *map(str, args[1:])]
    try: r = subprocess.run(cmd, cwd=cwd, env=env, text=True, errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT)
    except subprocess.TimeoutExpired as e: raise Failed(f'stopped after {TIMEOUT} s (CHECK_TIMEOUT sets another limit)\n{e.output or ""}') from None
    out = re.sub(r'\x1b\[[\d;]*m', '', r.stdout)
    if r.returncode: raise Failed(out[-8000:])
    return out

def project_files():
    "Files that git knows or would add; without git, all but hidden folders and build products"
    try:
        out = subprocess.run(['git', 'ls-files', '-coz', '--exclude-standard'], cwd=ROOT, capture_output=True, check=True).stdout
        names = {n for n in out.decode().split('\0') if n}
    except (OSError, subprocess.CalledProcessError):
        skip = re.compile(r'(^|/)(\.(?!ci|git)[^/]*|__pycache__|build|dist|runs|_proc|_docs|[^/]*\.egg-info)(/|$)')
        names = {n for p in ROOT.rglob('*') if not skip.search(n := p.relative_to(ROOT).as_posix())}
    return [p for p in map(Path, sorted(names)) if (ROOT/p).is_file()]

def copy_project(to):
    for p in project_files():
        (to/p).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT/p, to/p)
    return to

def read(p): return json.loads((ROOT/p).read_text(encoding='utf-8'))
def code_cells(nb): return [c for c in nb['cells'] if c['cell_type']=='code']
def text(x): return ''.join(x)

NOTEBOOKS = [p for p in project_files() if p.suffix=='.ipynb' and p.parts[0]=='nbs']


# --- checks --------------------------------------------------------------------------------------

def export_clean():
    "Exporting the notebooks gives the modules that are stored"
    with tempfile.TemporaryDirectory() as d:
        new = copy_project(Path(d))
        sh('nbdev_export', cwd=new, IN_TEST=None)
        a, b = ({p.relative_to(r).as_posix(): p.read_text(encoding='utf-8') for p in (r/LIB).rglob('*') if p.is_file() and p.suffix!='.pyc'} for r in (ROOT, new))
        fail_if([f'{n} differs from its notebook: run nbdev_export' for n in sorted({*a,*b}) if a.get(n)!=b.get(n)])

def modules_match():
    "Every module has its notebook, every notebook that exports has its module"
    exports, modules = {}, {p.stem for p in (ROOT/LIB).glob('*.py')} - {'__init__', '_modidx'}
    for p in NOTEBOOKS:
        for c in code_cells(read(p)):
            if m := re.match(r'#\|\s*default_exp\s+(\S+)', text(c['source'])): exports.setdefault(m[1].replace('.', '/'), []).append(p.name)
    fail_if([f'{LIB}/{m}.py has no notebook' for m in sorted(modules-set(exports))]
          + [f'{exports[m]} should export {LIB}/{m}.py, which does not exist' for m in sorted(set(exports)-modules)]
          + [f'{nbs} export the same module {m}' for m,nbs in exports.items() if len(nbs)>1])

def run_notebook(p):
    "All cells run, in order, in a fresh process"
    out = sh('nbdev_test', '--path', p, '--n_workers', 1, IN_TEST='1', PYTHONPATH=str(ROOT))
    if 'Success' not in out: raise Failed(out)

def same_outputs(mode, p):
    "A fresh run gives the stored outputs"
    here = ROOT/'tests'
    if mode not in ('strict', 'lax'): raise Failed(f'tests/nbval.txt: {mode!r} is neither strict nor lax')
    if mode=='strict' and not any(c['outputs'] for c in code_cells(read(p))): raise Failed(f'{p} has no stored outputs: nothing would be compared')
    how = '--nbval' if mode=='strict' else '--nbval-lax'
    sh('pytest', '-q', '-p', 'conftest', '-p', 'no:cacheprovider', '--rootdir', ROOT, how, '--nbval-current-env', '--nbval-sanitize-with', here/'nbval_sanitize.cfg',
       '--nbval-cell-timeout', TIMEOUT, p, IN_TEST='1', PYTHONPATH=os.pathsep.join([str(here), str(ROOT)]))

def worked_example():
    "The Python blocks of CONTRIBUTING.md run, one after the other"
    blocks = re.findall(r'(?ms)^```python\n(.*?)^```', (ROOT/'CONTRIBUTING.md').read_text(encoding='utf-8'))
    if not blocks: raise Failed('CONTRIBUTING.md has no Python block')
    sh('python', '-c', '\n'.join(blocks), PYTHONPATH=str(ROOT))

def readme_current():
    "README.md is what nbs/index.ipynb says"
    sh('python', ROOT/'tests/readme.py', '--check')

def links():
    "Links, anchors and pictures of the texts are there"
    sh('python', ROOT/'tests/links.py')

def site():
    "The documentation builds without a warning, loads nothing from another host, and its links hold"
    with tempfile.TemporaryDirectory() as d:
        sh('python', ROOT/'docs/pages.py', Path(d)/'site', PYTHONPATH=str(ROOT))
        sh('python', ROOT/'tests/links.py', Path(d)/'site')

def wheel():
    "A built wheel works outside the repository"
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        src, target = copy_project(d/'src'), d/'installed'
        sh('python', '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '--no-index', '-w', d, src)
        sh('python', '-m', 'pip', 'install', '-q', '--no-deps', '--no-index', '--target', target, next(d.glob('*.whl')))
        if not (target/LIB/'py.typed').is_file(): raise Failed('py.typed is missing in the wheel')
        code = f'import {LIB}.all, pathlib; assert pathlib.Path({LIB}.__file__).is_relative_to({str(target)!r}), {LIB}.__file__'
        sh('python', '-c', code, cwd=d, PYTHONPATH=str(target))

def no_traces():
    "No paths of somebody's machine, no leftover conflict markers"
    markers = re.compile(r'(?m)^\s*"?(<{7}|>{7}) ')
    paths = re.compile(r'(?<![\w.])/(home|Users|root)/\w[\w.-]*/|[A-Z]:\\\\?Users\\')
    own = f'{ROOT.as_posix()}/' if len(ROOT.parts)>2 else None
    problems = []
    for p in project_files():
        try: s = (ROOT/p).read_text(encoding='utf-8')
        except UnicodeDecodeError: continue
        if m := markers.search(s): problems.append(f'{p}: conflict marker {m[0].strip()!r}')
        if m := paths.search(s): problems.append(f'{p}: path {m[0]!r}')
        if own and own in s: problems.append(f'{p}: path of this checkout')
    fail_if(problems)

def notebooks_clean():
    "No execution counts, live forms, widget states, errors or megabytes"
    problems = []
    for p in NOTEBOOKS:
        nb, size = read(p), (ROOT/p).stat().st_size
        outputs = [o for c in code_cells(nb) for o in c['outputs']]
        html = max([len(text(o.get('data', {}).get('text/html', ''))) for o in outputs], default=0)
        problems += [f'{p}: {what}' for bad,what in (
            (any(c['execution_count'] for c in code_cells(nb)) or any(o.get('execution_count') for o in outputs), 'execution counts: run nbdev_clean'),
            (any('application/vnd.jupyter.widget-view+json' in o.get('data', {}) for o in outputs), 'a stored live form: execute with NEUROMEM_STATIC=1'),
            ('widgets' in nb['metadata'], 'stored widget state: execute with --ExecutePreprocessor.store_widget_state=False'),
            (html>200_000, f'an HTML output of {html:,} characters (does a figure bring its own plotly.js?)'),
            (size>=1_000_000, f'{size:,} bytes, at most 1 MB is kept'),
            (any(o['output_type']=='error' for o in outputs), 'a stored error'),
            (len({c.get('id') for c in nb['cells']})<len(nb['cells']), 'cells without an id, or with the same one')) if bad]
    fail_if(problems)


# --- run -----------------------------------------------------------------------------------------

def all_checks():
    "Pairs (name, function)"
    yield 'exported code is what the notebooks say', export_clean
    yield 'one module a notebook', modules_match
    for p in NOTEBOOKS: yield f'run {p}', lambda p=p: run_notebook(p)
    for line in (ROOT/'tests/nbval.txt').read_text(encoding='utf-8').splitlines():
        if line.strip() and not line.startswith('#'):
            mode, p = line.split()
            yield f'stored outputs of {p} ({mode})', lambda mode=mode, p=p: same_outputs(mode, p)
    yield 'README.md comes from nbs/index.ipynb', readme_current
    yield 'links of the texts', links
    yield 'documentation site and its links', site
    yield 'worked example of CONTRIBUTING.md', worked_example
    yield 'wheel imports outside the repository', wheel
    yield 'no machine paths, no conflict markers', no_traces
    yield 'notebooks are stored clean', notebooks_clean

ALONE = ('01_scan', '11_recorder', '12_widgets', '60_speed', '61_scale')  # these measure time, or use both cores

def timed(name, f):
    "Run a check: name, reason of its failure or None, seconds"
    start, reason = time.time(), None
    try: f()
    except Exception as e: reason = str(e) if isinstance(e, Failed) else f'{type(e).__name__}: {e}'
    return name, reason, time.time()-start

def results(checks):
    "Those that measure time one by one, the others on two cores as they come"
    alone = [c for c in checks if any(w in c[0] for w in ALONE)]
    yield from (timed(*c) for c in alone)
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for done in as_completed([pool.submit(timed, *c) for c in checks if c not in alone]): yield done.result()

def main(word=''):
    checks = [(n, f) for n,f in all_checks() if word in n]
    if not checks: print(f'no check has {word!r} in its name. There are:', *(f'    {n}' for n,_ in all_checks()), sep='\n')
    passed = failed = 0
    for i,(name,reason,seconds) in enumerate(results(checks), 1):
        print(f"[{i:2}/{len(checks)}] {name} … {'passed' if reason is None else 'FAILED'}, {seconds:.1f} s")
        if reason: print('\n'.join(f'    {l}' for l in reason.splitlines()))
        sys.stdout.flush()
        passed, failed = passed+(reason is None), failed+(reason is not None)
    print(f'{passed} passed, {failed} failed', flush=True)
    return failed>0 or not checks # nothing checked is nothing passed

if __name__=='__main__': sys.exit(main(*sys.argv[1:2]))
