package dev.treering.history;

import java.time.Instant;
import java.util.UUID;

import jakarta.persistence.Column;
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
@Table(name = "job")
class JobEntity extends PanacheEntityBase {

    @Id
    public UUID id;

    public String identityStamp;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "project_id")
    public ProjectEntity project;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "pipeline_id")
    public PipelineEntity pipeline;

    @ManyToOne(fetch = FetchType.LAZY)
    @JoinColumn(name = "workflow_id")
    public WorkflowEntity workflow;

    public String name;
    public Long number;
    public String status;
    public Instant startedAt;
    public Instant stoppedAt;
    public String type;
    public String dependencies; // jsonb
    public UUID approvedBy;
    public UUID canceledBy;
    public UUID approvalRequestId;
    public String webUrl;
    public Instant createdAt;
    public Instant queuedAt;

    @Column(name = "duration_ms")
    public Long durationMillis;

    public Integer parallelism;
    public String resourceClass;
    public String executorType;
    public String parallelRuns; // jsonb
    public String contexts; // jsonb
    public String messages; // jsonb
    public Integer testsTotal;
    public Integer testsFailed;
    public Integer testsSkipped;
    public String testFailures; // jsonb
    public String artifacts; // jsonb
}
