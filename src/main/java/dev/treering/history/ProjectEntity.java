package dev.treering.history;

import java.util.Set;
import java.util.UUID;

import jakarta.persistence.CollectionTable;
import jakarta.persistence.Column;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.Table;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;
import org.hibernate.annotations.Immutable;

@Entity
@Immutable // rows are written by Upsert alone; this side only asks
@Table(name = "project")
class ProjectEntity extends PanacheEntityBase {

    @Id
    public UUID id;

    public String identityStamp;
    public String slug;
    public String name;
    public UUID organizationId;
    public String organizationName;
    public String vcsUrl;
    public String vcsProvider;
    public String defaultBranch;

    @ElementCollection
    @CollectionTable(name = "project_slug", joinColumns = @JoinColumn(name = "project_id"))
    @Column(name = "slug")
    public Set<String> everySlug;
}
