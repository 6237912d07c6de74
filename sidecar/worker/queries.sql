-- running: which of these locks a living worker's job holds just now (a dead worker's jobs lose their worker)
select queueing_lock from sidecar.procrastinate_jobs
where queueing_lock = any(%(queueing_locks)s) and status = 'doing' and worker_id is not null;
