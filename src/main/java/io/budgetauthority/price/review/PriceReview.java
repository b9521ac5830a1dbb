package io.budgetauthority.price.review;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.price.RowName;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a person should know before an imported table is published: how it differs from the one
/// before, which rows cannot be used as they are, and what the file states that is not charged.
/// Every list is ordered by model, so that the same files make the same review.
///
/// @param previousVersion the table it is compared with; null for the first one
/// @param changed rows whose provider, mode, limits, capabilities or aliases differ
/// @param pricesUp prices that rose, or that apply for the first time
/// @param pricesDown prices that fell, or that no longer apply
/// @param allZero rows whose every price is zero and that nobody approved: not used until approved
/// @param noPrice rows without any price: not used without an override
/// @param suspect prices that are charged as written and are likely to be wrong
/// @param untrustedWrites cache writes under half of the input's price: charged as input
/// @param meanings names that mean another row than before
/// @param variants units and tools that are held at the dearest variant
/// @param notApplied figures that are not charged, each with the reason
/// @param keptOut rows of the file that the table does not have
/// @param unknownFields fields that nobody knows and that do not look like prices
/// @param zeroApproved rows of zeros that were approved in the table before, and stay so
/// @param problems why the source makes no table; empty where it makes one
@JsonIgnoreProperties(value = "clean", allowGetters = true)
public record PriceReview(
    @JsonProperty("version") String version,
    @JsonProperty("previous_version") @Nullable String previousVersion,
    @JsonProperty("rows") int rows,
    @JsonProperty("added") List<RowName> added,
    @JsonProperty("removed") List<RowName> removed,
    @JsonProperty("changed") List<RowName> changed,
    @JsonProperty("prices_up") List<Move> pricesUp,
    @JsonProperty("prices_down") List<Move> pricesDown,
    @JsonProperty("all_zero") List<RowName> allZero,
    @JsonProperty("no_price") List<RowName> noPrice,
    @JsonProperty("suspect") List<Finding> suspect,
    @JsonProperty("meanings") List<Meaning> meanings,
    @JsonProperty("untrusted_writes") List<Finding> untrustedWrites,
    @JsonProperty("variants") List<Finding> variants,
    @JsonProperty("not_applied") List<Finding> notApplied,
    @JsonProperty("kept_out") List<KeptOut> keptOut,
    @JsonProperty("unknown_fields") List<UnknownField> unknownFields,
    @JsonProperty("zero_approved") List<RowName> zeroApproved,
    @JsonProperty("problems") List<Problem> problems) {

  public PriceReview {
    added = List.copyOf(added);
    removed = List.copyOf(removed);
    changed = List.copyOf(changed);
    pricesUp = List.copyOf(pricesUp);
    pricesDown = List.copyOf(pricesDown);
    allZero = List.copyOf(allZero);
    noPrice = List.copyOf(noPrice);
    suspect = List.copyOf(suspect);
    meanings = List.copyOf(meanings);
    untrustedWrites = List.copyOf(untrustedWrites);
    variants = List.copyOf(variants);
    notApplied = List.copyOf(notApplied);
    keptOut = List.copyOf(keptOut);
    unknownFields = List.copyOf(unknownFields);
    zeroApproved = List.copyOf(zeroApproved);
    problems = List.copyOf(problems);
  }

  /// The review of a source that makes no table.
  public static PriceReview ofRefused(
      String version, @Nullable String previousVersion, List<Problem> problems) {
    return new PriceReview(
        version,
        previousVersion,
        0,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        problems);
  }

  /// A price that changed, in USD per token, unit or use of a tool.
  ///
  /// @param priced the class of token, the unit or the tool
  /// @param aboveTokens the length of input above which it applies
  /// @param from null where nothing was charged for it before
  /// @param to null where nothing is charged for it now
  public record Move(
      @JsonProperty("model") String model,
      @JsonProperty("class") String priced,
      @JsonProperty("tier") String serviceTier,
      @JsonProperty("above_tokens") long aboveTokens,
      @JsonProperty("from") @Nullable String from,
      @JsonProperty("to") @Nullable String to) {}

  /// A name that means another row than in the table before, or has become ambiguous or
  /// unambiguous.
  ///
  /// @param provider the provider that is given with the name; null where none is given
  /// @param from the row that it meant; null where it meant several
  /// @param to the row that it means; null where it means several
  public record Meaning(
      @JsonProperty("provider") @Nullable String provider,
      @JsonProperty("name") String name,
      @JsonProperty("from") @Nullable String from,
      @JsonProperty("to") @Nullable String to) {}

  /// Something about one field of one row.
  ///
  /// @param figure the figure that the file states, in USD where it is a price
  public record Finding(
      @JsonProperty("model") String model,
      @JsonProperty("field") String field,
      @JsonProperty("figure") String figure,
      @JsonProperty("reason") String reason) {}

  /// A row of the file that the table does not have.
  public record KeptOut(
      @JsonProperty("model") String model, @JsonProperty("reason") String reason) {}

  /// A field and how many rows have it.
  public record UnknownField(@JsonProperty("field") String field, @JsonProperty("rows") int rows) {}

  /// Whether the table may be published without a person's review. Compared with the one before, it
  /// at most adds rows, no name means another row than before, and no added row is suspect. A first
  /// table is never clean.
  @JsonProperty("clean")
  public boolean clean() {
    return problems.isEmpty()
        && previousVersion != null
        && removed.isEmpty()
        && changed.isEmpty()
        && meanings.isEmpty()
        && pricesUp.isEmpty()
        && pricesDown.isEmpty()
        && added.stream()
            .noneMatch(row -> suspect.stream().anyMatch(it -> it.model().equals(row.model())));
  }

  /// One problem of the file.
  ///
  /// @param model the row, empty where it is the whole file
  /// @param field the field, empty where it is the whole row
  public record Problem(
      @JsonProperty("model") String model,
      @JsonProperty("field") String field,
      @JsonProperty("reason") String reason) {
    @Override
    public String toString() {
      return model + (field.isEmpty() ? "" : ": " + field) + ": " + reason;
    }
  }
}
