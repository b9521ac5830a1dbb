package io.budgetauthority.price.table;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.review.PriceReview;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is known of a version of the price table beside its rows: who imported it, who published
/// it, and when. It is also the audit trail of prices, because price tables belong to no tenant.
///
/// @param previousVersion the version that it was reviewed against, the only one that it may
///   replace; null for a first table
/// @param createdBy the principal, or `incoming` for an object dropped in the bucket; null where
///   the table has no review
/// @param clean whether its review is clean; null where it has none
/// @param publishedAt when it was published; null for a draft
public record PriceTableRecord(
    @JsonProperty("version") String version,
    @JsonProperty("previous_version") @Nullable String previousVersion,
    @JsonProperty("created_at") Instant createdAt,
    @JsonProperty("created_by") @Nullable String createdBy,
    @JsonProperty("source") String source,
    @JsonProperty("rows") int rows,
    @JsonProperty("clean") @Nullable Boolean clean,
    @JsonProperty("published_at") @Nullable Instant publishedAt,
    @JsonProperty("published_by") @Nullable String publishedBy) {

  static PriceTableRecord ofDraft(
      PriceTable table, PriceReview review, Instant createdAt, String createdBy) {
    return new PriceTableRecord(
        table.version(),
        review.previousVersion(),
        createdAt,
        createdBy,
        table.source(),
        table.rows().size(),
        review.clean(),
        null,
        null);
  }

  static PriceTableRecord ofUnreviewed(PriceTable table, @Nullable Instant publishedAt) {
    return new PriceTableRecord(
        table.version(),
        null,
        table.createdAt(),
        null,
        table.source(),
        table.rows().size(),
        null,
        publishedAt == null ? table.createdAt() : publishedAt,
        null);
  }

  boolean published() {
    return publishedAt != null;
  }

  PriceTableRecord publishedAs(PriceStore.Current current) {
    return new PriceTableRecord(
        version,
        previousVersion,
        createdAt,
        createdBy,
        source,
        rows,
        clean,
        current.since() == null ? createdAt : current.since(),
        current.by());
  }
}
