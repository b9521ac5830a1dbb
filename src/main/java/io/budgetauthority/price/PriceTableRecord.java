package io.budgetauthority.price;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is known of a version of the price table beside its rows. It is also the audit of prices,
/// since they belong to no tenant: who brought the table in, who put it in force, and when.
///
/// @param previousVersion the version that it was reviewed against, the only one that it may
///   replace; null for a first table
/// @param createdBy the principal, or `incoming` for an object dropped in the bucket; null where
///   the table came without a review
/// @param clean whether its review is; null where there is none
/// @param publishedAt when it was put in force; null for a draft
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
