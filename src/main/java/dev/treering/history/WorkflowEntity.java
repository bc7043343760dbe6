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
@Table(name = "workflow")
class WorkflowEntity extends PanacheEntityBase {

    @Id
    public UUID id;

    public String identityStamp;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "project_id")
    public ProjectEntity project;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "pipeline_id")
    public PipelineEntity pipeline;

    public String name;
    public Instant createdAt;
    public String status;
    public Instant stoppedAt;
    public UUID startedBy;
    public UUID canceledBy;
    public UUID erroredBy;
    public String tag;
    public Integer autoRerunNumber;
    public Integer maxAutoReruns;
}
