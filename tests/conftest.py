"""Two things that nbval does not do by itself.

nbdev_clean stores no execution counts, and a cell without one looks to nbval as if it had never run: it gets one back.
nbval runs cells outside the kernel's history, where IPython finds no semicolon to silence the last value: a `None` does it.
"""

def pytest_collection_modifyitems(items):
    for item in items:
        cell = getattr(item, 'cell', None)
        if not cell: continue
        if cell.get('outputs') and cell.get('execution_count') is None: cell['execution_count'] = 0
        if cell['source'].rstrip().endswith(';') and not cell['source'].startswith('%%'): cell['source'] += '\nNone'
