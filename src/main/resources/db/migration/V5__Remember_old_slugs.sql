-- What each project was ever called, by whatever fact: an old slug keeps answering after a rename.
create table project_slug (
    slug       text not null, -- short form, as in project
    project_id uuid not null,
    primary key (slug, project_id)
);
insert into project_slug (slug, project_id) select slug, id from project where slug is not null;
