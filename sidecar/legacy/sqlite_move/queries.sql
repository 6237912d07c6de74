-- columns: what every column is made of, in the schema that Directus uses
select c.relname::text as table_name,
       a.attname::text as column_name,
       t.typname::text as kind,
       case when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end as length,
       case when t.typname = 'numeric' and a.atttypmod > 4 then (a.atttypmod - 4) >> 16 end as precision,
       case when t.typname = 'numeric' and a.atttypmod > 4 then (a.atttypmod - 4) & 65535 end as scale,
       pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  join pg_type t on t.oid = a.atttypid
 where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
 order by c.relname, a.attnum;

-- foreign_keys: those that are looked at with every row, so that two tables which refer to each other cannot be filled
select k.conname::text as name, c.relname::text as table_name
  from pg_constraint k
  join pg_class c on c.oid = k.conrelid
 where k.contype = 'f' and not k.condeferrable and k.connamespace = current_schema()::regnamespace and k.conparentid = 0
 order by c.relname, k.conname;

-- applied_migrations: the version of Directus, in its own words
select version::text, name::text from directus_migrations;

-- has_registry: whether the registry's guards are in force, which would refuse rows that were decided elsewhere
select to_regnamespace('sidecar') is not null as there;

-- set_sequence: the next id is the one that SQLite would have given
select setval(%(sequence)s::regclass, %(value)s::bigint);
