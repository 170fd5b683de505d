"""What a reader does with the widgets, done in a real browser: JupyterLab and `neuromem explore` in Chromium.

    python tests/browser.py            everything
    python tests/browser.py explore    only pages with this word in their name
    python tests/browser.py --keep     also renews the pictures of figures/ that are made here

Screenshots, and what the servers said, are in runs/browser. `make test-browser` installs what is needed.
"""
import html, json, os, psutil, re, signal, socket, statistics, subprocess, sys, tempfile, time, urllib.error, urllib.request, uuid
from functools import partial
from pathlib import Path
from PIL import Image, ImageChops
from playwright.sync_api import sync_playwright, Error as BrowserError
from run import Failed, ROOT, copy_project

SHOTS = ROOT/'runs/browser'
BEST = {'widgets': 'linked_03_linked_1400', 'explore': 'explore_01_answer_1400'} # picture in figures/ -> screenshot
CHROMIUM = os.environ.get('CHROMIUM', '/usr/bin/chromium')
FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
WIDE, NARROW = dict(width=1400, height=1000), dict(width=1024, height=768)
WAIT = 120  # seconds for anything to happen
TOKEN = 'browser-test'


# --- servers and pages -----------------------------------------------------------------------------

def wait(f, what, seconds=WAIT):
    "Ask until the answer is true; it is returned"
    end = time.time()+seconds
    while time.time()<end:
        if x := f(): return x
        time.sleep(.1)
    raise Failed(f'waited {seconds} s for {what}')

def free_port():
    with socket.socket() as s: s.bind(('127.0.0.1', 0)); return s.getsockname()[1]

def status(url):
    "HTTP status and the address where it ended, None where nobody answers"
    try: r = urllib.request.urlopen(url, timeout=10)
    except urllib.error.HTTPError as e: return e.code, e.url
    except OSError: return None
    with r: return r.status, r.url

class Server:
    "A command in a process group of its own; whatever it started ends with it"
    def __init__(self, name, *cmd, cwd, **env):
        self.log = SHOTS/f'{name}.log'
        env = {k: v for k,v in {**os.environ, **env}.items() if v is not None}
        with self.log.open('w') as out: self.p = subprocess.Popen([sys.executable, *map(str, cmd)], cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)

    def said(self): return self.log.read_text(errors='replace')

    def wait(self, f, what):
        "As `wait`, but not for a server that has ended"
        def ask():
            if self.p.poll() is not None: raise Failed(f'{what}: the server has ended\n{self.said()[-3000:]}')
            return f()
        return wait(ask, what)

    def all(self):
        "Its processes; kernels are in groups of their own"
        if self.p.poll() is not None: return []
        return [psutil.Process(self.p.pid), *psutil.Process(self.p.pid).children(recursive=True)]

    def end(self):
        "Ask it to end, then make sure that all of its processes have"
        here = self.all()
        if here: os.killpg(self.p.pid, signal.SIGTERM)
        for x in psutil.wait_procs(here, 15)[1]: x.kill()
        self.p.wait()

def lab(project, private):
    "JupyterLab over a copy of the project, its settings in a folder of their own; the server and its address"
    port = free_port()
    for name,said in (('notebook-extension/tracker', dict(windowingMode='none')), ('apputils-extension/notification', dict(fetchNews='false', checkForUpdates=False))):
        settings = private/f'settings/@jupyterlab/{name}.jupyterlab-settings'
        settings.parent.mkdir(parents=True); settings.write_text(json.dumps(said))
    env = {f'JUPYTER{k}_DIR': str(private/k) for k in ('_CONFIG', '_RUNTIME', '_DATA', 'LAB_WORKSPACES')} | dict(JUPYTERLAB_SETTINGS_DIR=str(private/'settings'), IPYTHONDIR=str(private/'ipython'))
    s = Server('lab', '-m', 'jupyterlab', '--no-browser', '--allow-root', '--ip=127.0.0.1', f'--port={port}', '--ServerApp.port_retries=0', f'--IdentityProvider.token={TOKEN}', f'--ServerApp.root_dir={project}',
               '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate', '--LabApp.extension_manager=readonly', '--LabApp.expose_app_in_browser=True',
               cwd=project, PYTHONPATH=str(project), NEUROMEM_STATIC=None, IN_TEST=None, **env)
    return s, f'http://127.0.0.1:{port}'

class Page:
    "A page in the browser, and what went wrong on it"
    def __init__(self, browser, name, url):
        self.name, self.bad, self.n = name, [], 0
        self.pg = pg = browser.new_page(viewport=WIDE)
        host = re.match(r'\w+://[^/]+', url)[0]
        pg.on('console', lambda m: m.type=='error' and self.bad.append(f'console: {m.text[:300]} ({m.location.get("url", "")[-120:]})'))
        pg.on('pageerror', lambda e: self.bad.append(f'exception: {str(e)[:300]}'))
        pg.on('requestfailed', lambda r: self.bad.append(f'no answer to {r.url[:150]}: {r.failure}'))
        pg.on('response', lambda r: r.status>=400 and self.bad.append(f'status {r.status} of {r.url[:150]}'))
        pg.on('request', lambda r: r.url.startswith((host, 'data:', 'blob:')) or self.bad.append(f'another host: {r.url[:150]}'))
        pg.goto(url, wait_until='domcontentloaded')

    def shot(self, what):
        "The page as it is, in a large window and in a small one"
        self.n += 1
        for size in (NARROW, WIDE):
            self.pg.set_viewport_size(size); self.pg.wait_for_timeout(400)
            self.pg.screenshot(path=SHOTS/f"{self.name}_{self.n:02}_{what}_{size['width']}.png")

    def close(self):
        "End the page, and its kernel with it"
        if self.pg.is_closed(): return
        self.pg.evaluate("() => window.jupyterapp?.shell.currentWidget.sessionContext.shutdown()"); self.pg.close()

    def clean(self):
        "No console errors, no failed requests, nothing from other hosts"
        if bad := [b for b in self.bad if not any(k in b for k in HARMLESS)]: raise Failed('\n'.join(bad[:20]))

HARMLESS = () # what JupyterLab itself complains about, and why that does not matter

def open_notebook(browser, url, path, name):
    "A notebook in JupyterLab, its kernel ready, nothing run yet"
    p = Page(browser, name, f'{url}/lab/tree/{path}?token={TOKEN}&reset')
    p.pg.wait_for_selector('.jp-NotebookPanel .jp-Cell', timeout=WAIT*1000)
    wait(lambda: p.pg.evaluate("""() => { const k = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel
        return !!k && k.connectionStatus=='connected' && k.status=='idle' }"""), f'the kernel of {path}')
    p.pg.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    return p

def run_all(p):
    "Run all cells; the errors among their outputs are the reason if it fails"
    pg = p.pg
    pg.evaluate("() => { window.__end = null; window.jupyterapp.commands.execute('notebook:run-all-cells').then(ok => window.__end = 'done', e => window.__end = String(e)) }")
    end = wait(lambda: pg.evaluate('() => window.__end'), 'all cells', 2*WAIT)
    cells = pg.evaluate('() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells')
    errors = [f"{''.join(c['source'])[:60]!r}: {o['ename']}: {o['evalue'][:300]}" for c in cells for o in c.get('outputs', ()) if o['output_type']=='error']
    if errors or end!='done': raise Failed('\n'.join([end, *errors]))

def run_python(p, code):
    "Run code in the kernel of a notebook"
    said = p.pg.evaluate("code => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({code}).done.then(r => r.content)", code)
    if said['status']!='ok': raise Failed(str(said)[:500])

def cell(p, start):
    "The cell whose source begins so"
    sources = [''.join(c['source']) for c in p.pg.evaluate('() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells')]
    c = p.pg.locator('.jp-Notebook .jp-Cell').nth(next(i for i,s in enumerate(sources) if s.startswith(start)))
    c.scroll_into_view_if_needed()
    return c


# --- hands and eyes --------------------------------------------------------------------------------

def figures(c): return c.locator('.js-plotly-plot')

def see(fig, js):
    "A value of a plotly figure: js is an expression of g"
    return fig.evaluate(f'g => {js}')

def settled(f, seconds=.6):
    "A value that has stopped changing"
    old, since = f(), time.time()
    def same():
        nonlocal old, since
        if (new := f())!=old: old, since = new, time.time()
        return time.time()-since>seconds
    wait(same, 'something to come to rest')
    return old

def into_view(fig):
    "Bring the middle of a figure into the window"
    fig.evaluate("g => g.scrollIntoView({block: 'center'})")
    settled(lambda: fig.bounding_box(), .3)

def place(fig, x, y, xa='xaxis', ya='yaxis'):
    "Where on the screen a point of a figure's axes is"
    return fig.evaluate(f'(g, [x, y]) => {{ const b = g.getBoundingClientRect(), l = g._fullLayout; return [b.left+l.{xa}._offset+l.{xa}.d2p(x), b.top+l.{ya}._offset+l.{ya}.d2p(y)] }}', [x, y])

def drag(p, a, b, steps=12):
    "Press the mouse at a, move it to b, let go"
    m = p.pg.mouse
    m.move(*a); m.down(); m.move(*[(u+v)/2 for u,v in zip(a, b)], steps=steps//2); m.move(*b, steps=steps//2); m.up()

def middle(x):
    "Where on the screen the middle of something is"
    b = x.bounding_box()
    return b['x']+b['width']/2, b['y']+b['height']/2

def changed(f, old, what):
    "The new value of something, once it has one and rests"
    wait(lambda: f()!=old, what)
    return settled(f)


# --- chapter 12: the widgets -----------------------------------------------------------------------

def open_widgets(browser, url, project):
    p = open_notebook(browser, url, 'nbs/12_widgets.ipynb', 'widgets')
    run_all(p)
    return p

PICTURES = 'slots = SlotStrength(r)', 'commits = CommitTimeline(r)', 'reads = RetrievalInspector(r)', 'SurvivalCurves(r)', 'entropy = ReadEntropy(r)'

def drawn(p, start):
    "Wait until the figure of a cell has something in all of its curves"
    fig = figures(cell(p, start)).first
    wait(lambda: fig.count() and fig.locator('.main-svg').count() and see(fig, 'g._fullData.length && g._fullData.every(t => (t.source ?? t.x ?? t.y)?.length)'), f'the figure of {start!r}')

def figures_drawn(p):
    "All cells ran without an error, and every figure has something in it"
    for x in PICTURES: drawn(p, x)
    cell(p, PICTURES[0]); p.shot('slots')

def slot_parts(c):
    "Of a SlotStrength: its figure, its line, the text of its item, the handle of its slider"
    fig = figures(c).first
    return fig, lambda: fig.locator('.shapelayer path').first.get_attribute('d'), lambda: c.locator('.widget-html').last.inner_text(), c.locator('.widget-hslider .noUi-handle').first

def time_slider(p):
    "The time slider, by mouse and by keys: the line in the figure and the text of the item follow"
    fig, line, item, handle = slot_parts(cell(p, 'slots = SlotStrength(r)'))
    handle.scroll_into_view_if_needed()
    was = line(), item()
    x, y = middle(handle)
    drag(p, (x, y), (x-150, y))
    for f,old,what in ((line, was[0], 'the line'), (item, was[1], 'the item')): changed(f, old, f'{what} to follow the mouse')
    was = line(), item()
    for _ in range(3): handle.press('ArrowLeft')
    for f,old,what in ((line, was[0], 'the line'), (item, was[1], 'the item')): changed(f, old, f'{what} to follow the keys')
    t = see(fig, 'g.layout.shapes[0].x0')
    if f'after token {t:,}' not in item(): raise Failed(f'the line is at {t}, the text says {item()!r}')
    p.shot('slider')

def heatmap_click(p):
    "A click on the heatmap chooses the slot and the time, and the table shows that item"
    c = cell(p, 'slots = SlotStrength(r)')
    fig, line, item, _ = slot_parts(c)
    slot = lambda: int(c.locator('input[type=number]').first.input_value())
    into_view(fig); old = slot()
    at = place(fig, 1024, 100)
    p.pg.mouse.move(at[0]-3, at[1]); p.pg.mouse.move(*at, steps=3)
    wait(lambda: see(fig, '!!g._hoverdata'), 'the label under the mouse')
    p.pg.mouse.click(*at)
    wait(lambda: slot()!=old, 'another slot')
    t, m = see(fig, 'g.layout.shapes[0].x0'), slot()
    if abs(t-1024)>64 or abs(m-100)>3: raise Failed(f'the click was on token 1,024, slot 100, chosen were {t} and {m}')
    wait(lambda: f'{m} of em' in item() and f'after token {t:,}' in item(), f'the item of slot {m} at token {t}')
    p.shot('click')

def word_click(p):
    "A click on a word, and the arrow keys, choose a token: the bars and the table are those of its prediction"
    c = cell(p, 'reads = RetrievalInspector(r)')
    fig, table, on = figures(c).first, lambda: c.locator('.widget-html').last.inner_text(), lambda: c.locator('.nm-tokens .nm-on').get_attribute('data-t')
    bars, was, t = lambda: see(fig, 'g.calcdata.flat().map(d => d.s)'), on(), int(on())
    old = bars()
    c.locator(f'.nm-tokens span[data-t="{t-20}"]').click()
    wait(lambda: f'token {t-20:,}' in table(), f'the reads of token {t-20}')
    old = changed(bars, old, 'the bars to follow the click')
    c.locator('.nm-tokens').press('ArrowRight'); c.locator('.nm-tokens').press('ArrowRight')
    wait(lambda: on()==str(t-18) and f'token {t-18:,}' in table(), f'the reads of token {t-18}')
    changed(bars, old, 'the bars to follow the keys')
    p.shot('word')

def save_recording(p):
    "The recording is saved"
    run_python(p, "r.save('../runs/facts.recording')")


# --- a saved recording, in a notebook without a model ------------------------------------------------

LINKED = """import torch
from neuromem_lit.recorder import Recording
from neuromem_lit.widgets import *
rec = Recording.load('../runs/facts.recording')
view = View.of(rec)""", 'CommitTimeline(rec, view)', 'SlotStrength(rec, view)', 'RetrievalInspector(rec, view)', """# a long run: the same one, 77 times
n, T, late = 77, rec.meta['T'], lambda v: T*torch.arange(77).repeat_interleave(len(v))
x = {k: v.repeat(n, *[1]*(v.ndim-1)) for k,v in rec.x.items() if k.startswith(('frames.','items.'))} | {k: rec[k] for k in rec.x if k.startswith('tokens.')}
for k in ('frames.at',*(f'items.{c}' for c in ('step','written','entered','renewed','end'))): x[k] = torch.where(x[k]<0, T, x[k])+late(rec[k])
x['items.id'] = torch.arange(len(x['items.id']))
wide = Recording(x, rec.meta | dict(T=n*T, boundaries=len(x['frames.at'])))
assert wide['frames.strength.em'].shape[::2]>=(5000, 256), wide['frames.strength.em'].shape
SlotStrength(wide)"""

def notebook(*sources):
    "A notebook with these cells"
    meta = dict(kernelspec=dict(display_name='python3', language='python', name='python3'))
    return json.dumps(dict(nbformat=4, nbformat_minor=5, metadata=meta, cells=[dict(cell_type='code', id=f'c{i}', metadata={}, execution_count=None, outputs=[], source=s) for i,s in enumerate(sources)]))

def open_linked(browser, url, project):
    (project/'nbs/linked.ipynb').write_text(notebook(*LINKED))
    p = open_notebook(browser, url, 'nbs/linked.ipynb', 'linked')
    run_all(p)
    return p

def reloaded(p):
    "The saved recording opens without a model, and its figures are drawn"
    for x in LINKED[1:]: drawn(p, x)
    run_python(p, 'import gc; assert not any(type(x).__name__=="NeuroMemLM" for x in gc.get_objects())')

def brush(p):
    "A stretch of the timeline, brushed with the mouse: its text, the range of the linked heatmap and the linked words follow"
    c, s, w = (cell(p, x) for x in LINKED[1:4])
    fig, heat = figures(c).first, figures(s).first
    text, words = lambda: c.locator('.nm-tokens').inner_text(), lambda: w.locator('.nm-tokens').inner_text()
    shown, x = lambda: see(heat, 'g._fullLayout.xaxis.range.map(Math.round)'), lambda: see(heat, COLUMNS)
    was = text(), words(), shown(), x()
    into_view(fig); p.shot('before')
    y = see(fig, '(g._fullLayout.yaxis.range[0]+g._fullLayout.yaxis.range[1])/2')
    drag(p, place(fig, 500, y), place(fig, 900, y))
    new = wait(lambda: shown()!=was[2] and settled(shown), 'the heatmap to go to the stretch')
    if not (abs(new[0]-500)<64 and abs(new[1]-900)<64): raise Failed(f'tokens 500 to 900 were brushed, the heatmap shows {new}')
    wait(lambda: x()!=was[3], 'columns of that stretch'); wait(lambda: text()!=was[0], 'the text of that stretch'); wait(lambda: words()!=was[1], 'the words of the linked picture')
    first = c.locator('.nm-tokens span').first.get_attribute('data-t')
    if int(first)!=new[0]: raise Failed(f'the text begins with token {first}, the heatmap with {new[0]}')
    p.shot('after'); into_view(heat); p.shot('linked')

def linked_word(p):
    "A word of the timeline's text, clicked: the linked picture shows its reads"
    c, w = cell(p, LINKED[1]), cell(p, LINKED[3])
    word = c.locator('.nm-tokens span').nth(40); word.click()
    t = int(word.get_attribute('data-t'))
    wait(lambda: f'token {t:,}' in w.locator('.widget-html').last.inner_text(), f'the reads of token {t}')

COLUMNS = '(t => t.x ? [t.x.length, t.x[0], t.x[t.x.length-1]] : [t.x0, t.dx])(g._fullData[0]).join()' # which columns a heatmap has
TIMED = f"""g => {{ // from the end of a drag or the press of a key to what it draws
  const look = () => {COLUMNS}+' '+g.layout.shapes[0].x0, end = () => {{ if (look()!=window.seen) {{ window.seen = look(); window.took = performance.now()-window.began }} }}
  window.seen = look()
  for (const e of ['mouseup', 'keydown']) window.addEventListener(e, () => {{ window.began = performance.now(); window.took = null }}, true)
  for (const e of ['plotly_afterplot', 'plotly_relayout']) g.on(e, end)
}}"""

def redraw(p):
    "256 slots, 5,000 boundaries, kernel included: a step of the slider and a new stretch are drawn within 150 ms; where the machine is busy, within 300"
    c = cell(p, LINKED[4]); fig, _, _, handle = slot_parts(c)
    into_view(fig); fig.evaluate(TIMED)
    zoom, step = [], []
    for _ in range(9):
        lo, hi = see(fig, 'g._fullLayout.xaxis.range')
        drag(p, place(fig, lo+.04*(hi-lo), 128), place(fig, hi-.04*(hi-lo), 128))
        zoom.append(wait(lambda: p.pg.evaluate('() => window.took'), 'the new stretch')); settled(lambda: see(fig, COLUMNS))
    for _ in range(9):
        handle.press('ArrowLeft')
        step.append(wait(lambda: p.pg.evaluate('() => window.took'), 'the line')); settled(lambda: see(fig, 'g.layout.shapes[0].x0'), .3)
    into_view(fig); p.shot('wide')
    a, b = statistics.median(zoom), statistics.median(step)
    print(f'(stretch {a:.0f} ms, slider {b:.0f} ms) ', end='')
    if max(a, b)>300: raise Failed(f'stretch: {[round(x) for x in sorted(zoom)]} ms, slider: {[round(x) for x in sorted(step)]} ms')


# --- the playground, in JupyterLab and as a page of its own -----------------------------------------

TEACH, ASK = '# note: Ada city is Oslo\n', '# query: Ada city is'
TEACH_B, ASK_B = '# note: Finn pet is owl\n', '# query: Finn pet is'

LAB_PLAY = """import torch
from neuromem_lit.cli import playground_of
torch.set_num_threads(1)
play = playground_of('../data/checkpoints/text.safetensors')""", 'play'

def open_play(browser, url, project):
    (project/'nbs/play.ipynb').write_text(notebook(*LAB_PLAY))
    p = open_notebook(browser, url, 'nbs/play.ipynb', 'playground')
    run_all(p); cell(p, 'play')
    p.pg.wait_for_selector('.nm-text textarea', timeout=WAIT*1000)
    return p

def held_out(p):
    "Text of a file that the model was not trained on: the playground's own example"
    p.pg.locator('.widget-dropdown select:has(option:has-text("held-out"))').select_option('a held-out file, 2,000 tokens')
    return wait(lambda: len(x := typed(p).input_value())>4000 and x, 'the example in the text field')

def typed(p): return p.pg.locator('.nm-text textarea')
def says(p, css): return p.pg.locator(f'.{css} .widget-html-content').inner_text()
def tokens(p): return int((re.search(r'([\d,]+) tokens read', says(p, 'nm-status')) or ['', '-1'])[1].replace(',', ''))

def read_text(p, text=None):
    "Type a text, unless it stands there, and read it to its end"
    if text: typed(p).fill(text)
    n = tokens(p)
    p.pg.locator('.nm-end').click()
    wait(lambda: tokens(p)>n and 'to go' not in says(p, 'nm-status'), 'the text to be read')

DRAWN = """() => { // of the figures: tokens, probabilities, the words of their axis, the greatest strength in the store
  const g = [...document.querySelectorAll('.js-plotly-plot')].filter(g => g._fullData), of = f => { const x = g.find(g => g._fullData.some(f)); return [x, x?._fullData.find(f)] }
  const [b, real] = of(t => t.type=='bar' && t.name=='REAL'), [, off] = of(t => t.type=='bar' && t.name=='OFF'), [, store] = of(t => t.type=='heatmap')
  return {words: [...real?.y ?? []], REAL: [...real?.x ?? []], OFF: [...off?.x ?? []], axis: b?._fullLayout.yaxis._categories ?? [], z: Math.max(0, ...[...store?.z ?? []].flatMap(r => [...r]))}
}"""

def begins(words, p, answer):
    "Whether the most probable token, as a label, begins the answer"
    first = html.unescape(words[p.index(max(p))])
    return answer.strip().startswith(first.split('↵')[0].strip('␣'))

def behind(p, real, off):
    "What the figures do not show of what the kernel has just answered"
    x = p.pg.evaluate(DRAWN); words = x['words']
    if not len(words)==len(x['REAL'])==len(x['OFF'])>0: return f'the bars: {x}'
    if sorted(x['axis'])!=sorted(words): return f'the words of the axis: {x}'
    if not (begins(words, x['REAL'], real) and begins(words, x['OFF'], off)): return f'what is most probable: {x}'
    return '' if x['z']>0 else 'the store'

def follow(p, real, off, seconds=20):
    "The bars and the store follow an answer; in JupyterLab, whose kernel can be asked, word for word"
    end = time.time()+seconds
    while (bad := behind(p, real, off)) and time.time()<end: time.sleep(.2)
    if bad: raise Failed(f'{real!r}, and without memories {off!r}; the page does not show {bad}')
    if p.name=='playground': run_python(p, f"import html; assert [html.escape(w, quote=False) for w in play._bars()[0]]=={p.pg.evaluate(DRAWN)['words']!r}")

def ask(p, question):
    "What the model answers, and what it would without memories; the figures follow"
    p.pg.locator('.nm-question input').fill(question)
    old = says(p, 'nm-answer'); p.pg.locator('.nm-answer .widget-html-content').evaluate("x => x.innerHTML = ''")
    p.pg.locator('.nm-ask').click()
    real, off = wait(lambda: 'memories off' in says(p, 'nm-answer') and says(p, 'nm-answer').replace(question, '').split('memories off'), 'an answer')
    follow(p, real, off.lstrip(':'))
    return real, off

def teach_and_ask(p):
    "Taught a fact, then 2,000 tokens of a held-out file: the model answers with it, and without memories it does not"
    for step in ('nm-token', 'nm-span'):
        n = tokens(p)
        if n<=0: typed(p).fill(TEACH)
        p.pg.locator(f'.{step}').click(); wait(lambda: tokens(p)>max(n, 0), f'{step} to read on')
    held_out(p); read_text(p)
    if tokens(p)<2000: raise Failed(says(p, 'nm-status'))
    real, off = ask(p, ASK)
    if 'Oslo' not in real or 'Oslo' in off: raise Failed(f'{real!r}, and without memories {off!r}')
    p.pg.mouse.move(0, 0); p.shot('answer')

def switches(p):
    "Episodic memory switched off, the fact is gone; switched on again, it is back"
    for on in (False, True):
        p.pg.locator('.nm-em').click()
        wait(lambda: f"episodic: {'on' if on else 'off'}" in p.pg.locator('.nm-em').inner_text(), 'the switch')
        real, _ = ask(p, ASK)
        if ('Oslo' in real)!=on: raise Failed(f'episodic memory {"on" if on else "off"}: {real!r}')

def fork_and_compare(p):
    "A fork that is taught something else knows it; the history that it came from does not"
    p.pg.locator('.nm-fork').click(); wait(lambda: 'history B' in says(p, 'nm-status'), 'history B')
    read_text(p, TEACH_B+held_out(p)[:600])
    p.pg.locator('.nm-question input').fill(ASK_B); p.pg.locator('.nm-compare').click()
    rows = wait(lambda: (x := p.pg.locator('.nm-histories tr').all_inner_texts())[2:] and x, 'a row for each history')
    if 'owl' in rows[1] or 'owl' not in rows[2]: raise Failed(str(rows))
    p.shot('compare')

def save_and_load(p):
    "A memory, saved and loaded as a third history, still knows both facts"
    with tempfile.TemporaryDirectory() as d:
        p.pg.locator('.nm-path input').fill(f'{d}/b.memory'); p.pg.locator('.nm-save').click()
        wait(lambda: os.path.exists(f'{d}/b.memory') and f'{d}/b.memory' in says(p, 'nm-answer'), 'the file')
        p.pg.locator('.nm-load').click(); wait(lambda: 'history C' in says(p, 'nm-status'), 'history C')
    for question,value in ((ASK,'Oslo'), (ASK_B,'owl')):
        real, _ = ask(p, question)
        if value not in real: raise Failed(f'{question!r}: {real!r}')

def inspect(p):
    "The pictures of the history appear below, with something in them"
    p.pg.locator('.nm-inspect').click()
    wait(lambda: p.pg.evaluate("() => { const f = [...document.querySelectorAll('.js-plotly-plot')]; return f.length==4 && f.every(g => g._fullData?.length) }"), 'three more figures')
    p.pg.locator('.js-plotly-plot').last.scroll_into_view_if_needed(); p.shot('inspect')

PLAY = teach_and_ask, switches, fork_and_compare, inspect, save_and_load

def start_explore(project):
    "The command, and the address that it prints"
    s = Server('explore', '-m', 'neuromem_lit.cli', 'explore', '--no-browser', cwd=project, PYTHONPATH=str(project), NEUROMEM_STATIC=None, IN_TEST=None)
    s.url = s.wait(lambda: re.search(r'http://\S+', s.said()), 'the address')[0]
    return s

def open_explore(browser, url, project):
    s = start_explore(project)
    try:
        p = Page(browser, 'explore', s.url)
        p.pg.wait_for_selector('.nm-text textarea', timeout=WAIT*1000)
    except BrowserError: s.end(); raise
    p.server = s
    return p

def only_here(p):
    "The address is on 127.0.0.1, no other address of this machine answers, no folder stands in it; without the token the page is refused"
    port = int(re.fullmatch(r'http://127\.0\.0\.1:(\d+)/\?token=[\w-]{32,}', p.server.url)[1])
    for host in {socket.gethostbyname(socket.gethostname()), '127.0.0.2'}-{'127.0.0.1'}:
        with socket.socket() as s:
            s.settimeout(3)
            if not s.connect_ex((host, port)): raise Failed(f'{host}:{port} answers')
    for query in ('', '?token=wrong'):
        code, where = status(f'http://127.0.0.1:{port}/{query}')
        if code==200 and '/login' not in where: raise Failed(f'{query!r} got the page')
    if status(f'http://127.0.0.1:{port}/api/kernels/{uuid.uuid4()}')[0]!=403: raise Failed('a kernel answers without the token')

def ends(p):
    "Ctrl-C ends the command, and its kernels with it"
    here = p.server.all(); p.pg.close()
    if len(here)<2: raise Failed('the page has no kernel')
    p.server.p.send_signal(signal.SIGINT)
    left = psutil.wait_procs(here, 20)[1]
    if left or p.server.p.wait() or 'Traceback' in p.server.said(): raise Failed(f'{left}\n{p.server.said()[-2000:]}')


# --- a picture with one slider -----------------------------------------------------------------------

def open_slide(browser, url, project):
    p = open_notebook(browser, url, 'nbs/00_pictures.ipynb', 'slide')
    run_all(p); drawn(p, 'xs = np.linspace')
    return p

def slide(p):
    "The slider of chapter 00, dragged: the bell becomes wider"
    c = cell(p, 'xs = np.linspace'); fig, handle = figures(c).first, c.locator('.noUi-handle').first
    peak = lambda: see(fig, 'Math.max(...g._fullData[0].y)')
    into_view(fig); old = peak(); x, y = middle(handle)
    drag(p, (x, y), (x+160, y))
    if changed(peak, old, 'the curve to follow')>=old: raise Failed('the bell did not become wider')
    p.shot('wider')


# --- run -------------------------------------------------------------------------------------------

PAGES = {'widgets': (open_widgets, (figures_drawn, time_slider, heatmap_click, word_click, save_recording)),
         'linked': (open_linked, (reloaded, brush, linked_word, redraw)),
         'playground': (open_play, PLAY), 'explore': (open_explore, (only_here, *PLAY, ends)), 'slide': (open_slide, (slide,))}

def check(name, f):
    "Run one check, say how it went; its result, None where it failed"
    print(f'{name} ', end='', flush=True)
    start = time.time()
    try: out = f()
    except (Failed, BrowserError, AssertionError, OSError, LookupError, TypeError) as e:
        print(f'… FAILED, {time.time()-start:.1f} s\n' + '\n'.join(f'    {l}' for l in f'{type(e).__name__}: {e}'.splitlines()), flush=True)
        return False
    print(f'… passed, {time.time()-start:.1f} s', flush=True)
    return out or True

def run_page(name, *where):
    "Open a page, make its checks; a list of what they gave"
    opening, checks = PAGES[name]
    p = check(f'{name}: opens', lambda: opening(*where))
    if not p: return [False]*(2+len(checks))
    done = [True]
    for f in (*checks, Page.clean):
        done.append(check(f'{name}: {f.__doc__}', partial(f, p)))
        if not done[-1] and not p.pg.is_closed(): p.shot('failed')
    p.close()
    return done

def keep(name, shot):
    "A screenshot, without its blank margins, as a picture of figures/"
    im = Image.open(SHOTS/f'{shot}.png').convert('RGB')
    x0, y0, x1, y1 = ImageChops.difference(im, Image.new('RGB', im.size, 'white')).getbbox()
    im.crop((max(0, x0-8), max(0, y0-8), min(im.width, x1+8), min(im.height, y1+8))).save(ROOT/f'figures/{name}.png', optimize=True)

def main(*args):
    if not Path(CHROMIUM).exists(): sys.exit(f'{CHROMIUM} is missing: install Debian\'s package chromium, or name another in CHROMIUM')
    SHOTS.mkdir(parents=True, exist_ok=True)
    for old in SHOTS.glob('*.*'): old.unlink()
    word, done = ([a for a in args if a[0]!='-'] or [''])[0], []
    with tempfile.TemporaryDirectory() as d, sync_playwright() as play:
        project = copy_project(Path(d)/'project'); (project/'runs').mkdir()
        server, url = lab(project, Path(d)/'private')
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            done.append(check('JupyterLab starts', lambda: server.wait(lambda: status(f'{url}/api/status?token={TOKEN}'), 'JupyterLab')))
            for name in PAGES:
                if word in name: done += run_page(name, browser, url, project)
        finally: browser.close(); server.end()
    if '--keep' in args:
        for name,shot in BEST.items(): (SHOTS/f'{shot}.png').exists() and keep(name, shot)
    good = sum(map(bool, done))
    print(f'{good} passed, {len(done)-good} failed', flush=True)
    return good<len(done)

if __name__=='__main__': sys.exit(main(*sys.argv[1:]))
