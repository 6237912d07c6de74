"""What gunicorn loads: `gunicorn -c python:sidecar.gunicorn_conf sidecar.wsgi:app`."""

from sidecar.app import create_app
from sidecar.settings import process_settings

app = create_app(process_settings())
