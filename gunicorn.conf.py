"""The web server's settings, read by `up` and the Procfile alike: both start it in this folder."""

from audiospective import environment
from audiospective.web import memory

workers = memory.processes(environment.inherited().get("WEB_CONCURRENCY"))
worker_class = "audiospective.web.server.Worker"
logger_class = "audiospective.web.server.Log"
threads = 32  # a thread is a request being answered; waiting visitors need none
timeout = 60  # seconds until a worker that answers nothing at all is replaced
keepalive = 5
worker_connections = 512  # of one worker; more wait to be accepted
control_socket_disable = True
# A proxy on this machine must not hand on a visitor's SCRIPT_NAME: links are made from BASE_URL.
forwarder_headers = ""
limit_request_fields = 64


def on_starting(server):
    """The web processes give memory back at once, as workers do; none has loaded Polars yet.

    Where several would start, what keeps them all from it is said once; gunicorn itself stumbles
    over a second process that ends while it is ending for the first.
    """
    from audiospective.environment import give_memory_back
    from audiospective.web import startup_check

    give_memory_back()
    if server.cfg.workers > 1:
        startup_check.look()


def post_worker_init(worker):
    """The web processes tell when worker, scheduler or Redis are gone, and share the memory."""
    from audiospective.web import alarm_watch, memory

    memory.divide(worker.cfg.workers)
    alarm_watch.start(worker.wsgi.extensions["audiospective"])
