-- A new project gets the tasks of its template, whoever makes it and however: with the row, in its transaction, once.
-- A project that is given a template later keeps the tasks it has. Tasks are rows like any others: no text, number or
-- date of a template is taken that the table would not take from a person.
create or replace function sidecar.tasks_of_template() returns trigger language plpgsql as $$
declare
    template record;
    item jsonb;
    place integer := 0;
    wrong text;
    heading text;
    before text;
begin
    select t.name, t.tasks, t.context_schema into template
    from public.project_templates t where t.id = new.template_id;
    if template.tasks is null or jsonb_typeof(template.tasks) = 'null' then
        return null;
    end if;
    wrong := case when jsonb_typeof(template.tasks) <> 'array' then 'its tasks are no list'
                  when jsonb_array_length(template.tasks) > 500 then 'it has more than 500 tasks' end;
    if wrong is null then
        for item in select value from jsonb_array_elements(template.tasks) loop
            place := place + 1;
            if jsonb_typeof(item) = 'string' then
                item := jsonb_build_object('title', item);
            end if;
            heading := case when jsonb_typeof(item) = 'object' then coalesce(
                nullif(trim(item ->> 'title'), ''),
                nullif(trim(template.context_schema -> (item ->> 'schema_key') ->> 'title'), ''),
                item ->> 'schema_key') end;
            before := case jsonb_typeof(item -> 'depends_on')
                when 'string' then item ->> 'depends_on'
                when 'array' then (select string_agg(value, ', ') from jsonb_array_elements_text(item -> 'depends_on')) end;
            wrong := case
                when jsonb_typeof(item) <> 'object' then 'is neither a text nor an object'
                when heading is null or length(heading) > 255 then 'needs a title of at most 255 characters'
                when jsonb_typeof(item -> 'title') not in ('string', 'null') then 'has a title that is no text'
                when jsonb_typeof(item -> 'description') not in ('string', 'null') then 'has a description that is no text'
                when jsonb_typeof(item -> 'schema_key') not in ('string', 'null')
                     or length(item ->> 'schema_key') > 255 or item ->> 'schema_key' ~ '^_meta($|[.[])'
                     or item ->> 'schema_key' !~ '^[A-Za-z0-9_-]+(\[(0|[1-9][0-9]{0,3})\])?(\.[A-Za-z0-9_-]+(\[(0|[1-9][0-9]{0,3})\])?){0,7}$'
                    then 'has a schema_key that is no path'
                when case jsonb_typeof(item -> 'due_in_days')
                         when 'number' then (item ->> 'due_in_days')::numeric not between 0 and 36500
                         else jsonb_typeof(item -> 'due_in_days') <> 'null' end
                    then 'has a due_in_days that is no number of days from 0 to 36500'
                when jsonb_typeof(item -> 'status') <> 'null'
                     and not coalesce(item ->> 'status' in ('todo', 'in_progress'), false)
                    then 'has a status that is neither todo nor in_progress'
                when jsonb_typeof(item -> 'assignee') <> 'null' and not exists (
                         select from public.directus_users u where u.id::text = lower(item ->> 'assignee'))
                    then 'has an assignee who is no user' end;
            exit when wrong is not null;
            insert into public.tasks
                (project_id, title, schema_key, description, status, assignee, due_date, user_created, date_created)
            values (
                new.id, heading, item ->> 'schema_key',
                nullif(concat_ws(e'\n\n', item ->> 'description', 'After: ' || before), ''),
                coalesce(item ->> 'status', 'todo'), (item ->> 'assignee')::uuid,
                now() + (item ->> 'due_in_days')::numeric * interval '1 day', new.user_created, clock_timestamp());
        end loop;
        wrong := 'task ' || place || ' ' || wrong;
    end if;
    if wrong is not null then
        raise exception using errcode = '23514', constraint = 'template_broken',
            message = format('The template %s cannot be used: %s.', template.name, wrong),
            hint = 'Correct the template in Directus (Project Templates), then try again.';
    end if;
    return null;
end $$;

create or replace trigger u30_tasks_of_template after insert on public.projects for each row
    when (new.template_id is not null)
    execute function sidecar.tasks_of_template();
alter table public.projects enable always trigger u30_tasks_of_template;
