"Packaging for pip. Every value comes from settings.ini: change it there."
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).parent
ini = ConfigParser(delimiters='=')
ini.read(here/'settings.ini', encoding='utf-8')
s = ini['DEFAULT']
lib, readme = s['lib_path'], here/'README.md'

def words(key): return s.get(key, '').split()

setup(
    name=s['lib_name'],
    version=s['version'],
    description=s['description'],
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else s['description'],
    long_description_content_type='text/markdown',
    keywords=s['keywords'],
    author=s['author'],
    author_email=s['author_email'],
    url=s['git_url'],
    license=s['license'].upper(),
    python_requires=f">={s['min_python']}",
    packages=find_packages(include=[lib, f'{lib}.*']),
    package_data={lib: ['py.typed']},
    install_requires=words('requirements'),
    extras_require={'dev': words('dev_requirements') + words('dashboard_requirements') + words('explore_requirements'),
                    **{k: words(f'{k}_requirements') for k in ('dashboard','explore','browser')}, 'bench': words('bench_requirements')},
    entry_points={'console_scripts': words('console_scripts'), 'nbdev': [f'{lib}={lib}._modidx:d']},
    zip_safe=False,
)
