package io.budgetauthority.settlement;

import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.UsageQuality;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads usage, and the bodies of a commit and of a usage charge (protocol.md#usage).
public final class UsageJson {

  private static final Pattern FOUR_DIGITS_OF_A_YEAR = Pattern.compile("[0-9]{4}-");

  /// Used in place of wrong usage. The end of the body reports the error.
  private static final Usage NOTHING = Usage.ofTokens(0, 0);

  /// How long after it occurred usage may be charged. Its period is known for that long.
  private static final Duration MAX_AGE = Duration.ofDays(400);

  private UsageJson() {}

  public static Parts parts(RequestFields fields) {
    return new Parts(
        fields.count("cache_read_tokens"),
        fields.count("cache_write_tokens"),
        fields.count("cache_write_1h_tokens"),
        fields.count("input_audio_tokens"),
        fields.count("input_image_tokens"),
        fields.count("reasoning_tokens"),
        fields.count("output_audio_tokens"),
        fields.count("output_image_tokens"));
  }

  public static UsageReport readReport(byte @Nullable [] body) {
    RequestFields fields = RequestFields.parse(body);
    UsageReport report = report(fields);
    fields.end();
    return report;
  }

  /// Reads the body of a commit. The result is valid only if the end of the body finds no error.
  static UsageReport report(RequestFields fields) {
    UsageQuality stated = fields.oneOf("usage_quality", UsageJson::quality);
    UsageQuality quality = stated == null ? UsageQuality.EXACT : stated;
    boolean missing = quality == UsageQuality.MISSING;
    if (!missing && !fields.has("usage")) {
      fields.error("usage", "is required, unless usage_quality is missing");
    }
    if (missing && fields.has("usage")) {
      fields.error("usage", "may not be stated where usage_quality is missing");
    }
    RequestFields inside = fields.object("usage");
    Usage usage = inside == null ? null : usage(inside);
    String provider = fields.text("provider");
    String model = fields.text("model");
    fields.refuseOthers();
    return new UsageReport(
        missing ? null : usage == null ? NOTHING : usage, provider, model, quality);
  }

  /// Reads the body of a usage charge (protocol.md#usage-without-a-decision).
  ///
  /// @param skew how far ahead of `now` an `occurred_at` may be
  public static UsageCharge readCharge(byte @Nullable [] body, Instant now, Duration skew) {
    RequestFields fields = RequestFields.parse(body);
    UsageCharge charge = charge(fields, now);
    Instant occurredAt = charge.occurredAt();
    if (occurredAt != null && occurredAt.isAfter(now.plus(skew))) {
      fields.error("occurred_at", "is in the future");
    }
    fields.end();
    return charge;
  }

  /// Reads the body of a usage charge. The result is valid only if the end of the body finds no
  /// error.
  ///
  /// @param sentAt when the charge was sent; an `occurred_at` of more than 400 days before it is an
  ///   error
  static UsageCharge charge(RequestFields fields, Instant sentAt) {
    String model = fields.text("model");
    if (!fields.has("model")) {
      fields.error("model", "is required");
    }
    if (!fields.has("usage")) {
      fields.error("usage", "is required");
    }
    RequestFields inside = fields.object("usage");
    Usage usage = inside == null ? null : usage(inside);
    UsageQuality quality = fields.oneOf("usage_quality", UsageJson::knownQuality);
    Instant occurredAt = fields.oneOf("occurred_at", UsageJson::instant);
    if (occurredAt != null && occurredAt.isBefore(sentAt.minus(MAX_AGE))) {
      fields.error(
          "occurred_at", "may be at most " + MAX_AGE.toDays() + " days before the charge is sent");
    }
    UsageCharge charge =
        new UsageCharge(
            fields.oneOf("run_id", Ids::runId),
            fields.id("user_id"),
            fields.id("key_id"),
            fields.id("team_id"),
            fields.id("feature_id"),
            fields.text("provider"),
            model == null ? "" : model,
            usage == null ? NOTHING : usage,
            quality == null ? UsageQuality.EXACT : quality,
            occurredAt);
    fields.refuseOthers();
    return charge;
  }

  /// Reads a time that a caller states. Any other text throws an [IllegalArgumentException].
  public static Instant instant(String text) {
    try {
      if (!FOUR_DIGITS_OF_A_YEAR.matcher(text).lookingAt()) {
        throw new DateTimeException("the year has not four digits");
      }
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("must be a time in UTC as of RFC 3339", e);
    }
  }

  /// Reads the usage in an object; null where it is wrong, which the end of the body reports.
  private static @Nullable Usage usage(RequestFields fields) {
    Long input = required(fields, "input_tokens");
    Long output = required(fields, "output_tokens");
    Parts parts = parts(fields);
    var units = UnitCount.ofAll(fields.quantities("units", BillingUnit::ofWireName, null));
    var billedTools = fields.counts("billed_tools", tool -> tool, null);
    String serviceTier = fields.text("service_tier");
    String inferenceRegion = fields.text("inference_region");
    String speed = fields.text("speed");
    String variant = fields.text("variant");
    fields.refuseOthers();
    if (input == null || output == null) {
      return null;
    }
    try {
      return new Usage(
          input,
          output,
          parts,
          units,
          billedTools,
          serviceTier == null || serviceTier.equals(Bounds.AUTO_TIER)
              ? null
              : Bounds.tier(serviceTier),
          inferenceRegion,
          speed,
          variant);
    } catch (Usage.UsageMismatch e) {
      fields.error(e.field(), String.valueOf(e.getMessage()));
      return null;
    }
  }

  private static @Nullable Long required(RequestFields fields, String name) {
    if (!fields.has(name)) {
      fields.error(name, "is required");
    }
    return fields.count(name);
  }

  private static UsageQuality knownQuality(String wireName) {
    return switch (wireName) {
      case "exact" -> UsageQuality.EXACT;
      case "estimated" -> UsageQuality.ESTIMATED;
      default -> throw new IllegalArgumentException("must be exact or estimated");
    };
  }

  private static UsageQuality quality(String wireName) {
    return switch (wireName) {
      case "exact" -> UsageQuality.EXACT;
      case "estimated" -> UsageQuality.ESTIMATED;
      case "missing" -> UsageQuality.MISSING;
      default -> throw new IllegalArgumentException("must be exact, estimated or missing");
    };
  }
}
