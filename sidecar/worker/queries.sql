-- running: which of these locks a living worker's job holds just now. A worker that was killed stays in the table until
-- another one starts half a minute later or more: its heartbeat, written every 10 s, says whether it lives.
select j.queueing_lock from sidecar.procrastinate_jobs j join sidecar.procrastinate_workers w on w.id = j.worker_id
where j.queueing_lock = any(%(queueing_locks)s) and j.status = 'doing'
  and w.last_heartbeat > now() - interval '30 seconds';
