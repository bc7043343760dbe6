package dev.treering.history;

import java.time.Instant;
import java.util.UUID;

import jakarta.persistence.Entity;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;

import io.quarkus.hibernate.orm.panache.PanacheEntityBase;
import org.hibernate.annotations.Immutable;

@Entity
@Immutable
@Table(name = "pipeline")
class PipelineEntity extends PanacheEntityBase {

    @Id
    public UUID id;

    public String identityStamp;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "project_id")
    public ProjectEntity project;

    public Long number;
    public Instant createdAt;
    public Instant updatedAt;
    public String state;
    public String errors; // jsonb; the driver gives it as text, which is what a reader passes on
    public String triggerType;
    public Instant triggerReceivedAt;
    public String triggerActorLogin;
    public String triggerActorAvatar;
    public String triggerParameters; // jsonb
    public String vcsProvider;
    public String originRepositoryUrl;
    public String targetRepositoryUrl;
    public String revision;
    public String branch;
    public String tag;
    public String reviewId;
    public String reviewUrl;
    public String commitSubject;
    public String commitBody;
    public String configSource;
    public String configCompiled;
}
