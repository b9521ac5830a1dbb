package io.budgetauthority.record;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import io.budgetauthority.price.RowName;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a decision says about the call.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Verdict.Granted.class, name = "granted"),
  @JsonSubTypes.Type(value = Verdict.Block.class, name = "block"),
  @JsonSubTypes.Type(value = Verdict.Unreserved.class, name = "unreserved")
})
public sealed interface Verdict {

  /// The `decision` of a record: `allow`, `downgrade`, `advisory_warn`, `block` or `unreserved`.
  String wireName();

  /// Why it is not a plain allow; null for an allow.
  @Nullable ProblemCode code();

  /// The account that made it less than a plain allow; null where none did.
  @Nullable AccountName constrainedBy();

  /// The scope of that account; null where there is none.
  default @Nullable Scope constrainingScope() {
    AccountName name = constrainedBy();
    return name == null ? null : name.scope();
  }

  /// How a call is let through.
  enum Kind {
    ALLOW,
    DOWNGRADE,
    ADVISORY_WARN;

    @JsonValue
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// The call is let through.
  ///
  /// @param code the rule that an advisory answer warns of; null where none
  record Granted(
      @JsonProperty("kind") Kind kind,
      @JsonProperty("code") @Nullable ProblemCode code,
      @JsonProperty("constrained_by") @Nullable AccountName constrainedBy)
      implements Verdict {
    public Granted {
      Objects.requireNonNull(kind, "kind");
    }

    @Override
    public String wireName() {
      return kind.wireName();
    }

    Granted with(ProblemCode newCode) {
      return new Granted(kind, newCode, constrainedBy);
    }
  }

  /// The call is not let through.
  ///
  /// @param constrainedBy the account that falls furthest short; null where no account blocks
  /// @param fitsMaxOutputTokens the largest smaller cap that would fit; null where none would
  /// @param resetsAt the end of the window after which the call would fit; null where waiting for
  ///   it would not help
  /// @param waitUntil when the rates that block have refilled enough, where `wait` is a remedy;
  ///   null where none blocks
  /// @param alternatives listed models that could serve the call
  /// @param candidates rows that the caller may have meant, where the price is unknown
  record Block(
      @JsonProperty("code") ProblemCode code,
      @JsonProperty("detail") String detail,
      @JsonProperty("constrained_by") @Nullable AccountName constrainedBy,
      @JsonProperty("remedies") List<Remedy> remedies,
      @JsonProperty("fits_max_output_tokens") @Nullable Long fitsMaxOutputTokens,
      @JsonProperty("resets_at") @Nullable Instant resetsAt,
      @JsonProperty("wait_until") @Nullable Instant waitUntil,
      @JsonProperty("alternatives") List<Alternative> alternatives,
      @JsonProperty("candidates") List<RowName> candidates)
      implements Verdict {
    public Block {
      Objects.requireNonNull(code, "code");
      remedies = remedies == null ? List.of() : List.copyOf(remedies);
      alternatives = alternatives == null ? List.of() : List.copyOf(alternatives);
      candidates = candidates == null ? List.of() : List.copyOf(candidates);
    }

    /// A block that no account makes and nothing helps.
    public static Block of(ProblemCode code, String detail) {
      return new Block(code, detail, null, List.of(), null, null, null, List.of(), List.of());
    }

    @Override
    public String wireName() {
      return "block";
    }
  }

  /// The usage had no decision.
  record Unreserved() implements Verdict {
    @Override
    public String wireName() {
      return "unreserved";
    }

    @Override
    public @Nullable ProblemCode code() {
      return null;
    }

    @Override
    public @Nullable AccountName constrainedBy() {
      return null;
    }
  }
}
