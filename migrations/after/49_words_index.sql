-- GET /v1/artifacts?q= and ?tag=. Made after the words of before: ten times as fast as adding each to it.
-- New words wait in a list of half a megabyte, some 200 versions, until one insert puts them in their places. Without the
-- list an insert takes twice the time; with PostgreSQL's 4 MB the insert whose turn it is would take seconds.
create index if not exists search_words_by_word on sidecar.search_words using gin (words)
    with (gin_pending_list_limit = 512);
