package io.budgetauthority.settlement;

import io.budgetauthority.input.Fields;
import io.budgetauthority.ledger.UsageQuality;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Parts;
import io.budgetauthority.price.Usage;
import org.jspecify.annotations.Nullable;

/// Reads usage and the body of a commit (protocol section 5).
public final class UsageJson {

  private UsageJson() {}

  public static Parts parts(Fields fields) {
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
    Fields fields = Fields.parse(body);
    UsageQuality stated = fields.oneOf("usage_quality", UsageJson::quality);
    UsageQuality quality = stated == null ? UsageQuality.EXACT : stated;
    boolean missing = quality == UsageQuality.MISSING;
    if (!missing && !fields.has("usage")) {
      fields.error("usage", "is required, unless usage_quality is missing");
    }
    if (missing && fields.has("usage")) {
      fields.error("usage", "may not be stated where usage_quality is missing");
    }
    Fields inside = fields.object("usage");
    Usage usage = inside == null ? null : usage(inside);
    String provider = fields.text("provider");
    String model = fields.text("model");
    fields.end();
    return new UsageReport(usage, provider, model, quality);
  }

  /// The usage in an object; null where it is wrong, which the body's end reports.
  private static @Nullable Usage usage(Fields fields) {
    Long input = required(fields, "input_tokens");
    Long output = required(fields, "output_tokens");
    Parts parts = parts(fields);
    var units = fields.counts("units", BillingUnit::ofWireName, null);
    var billedTools = fields.counts("billed_tools", tool -> tool, null);
    String serviceTier = fields.text("service_tier");
    fields.refuseOthers();
    if (input == null || output == null) {
      return null;
    }
    try {
      return new Usage(input, output, parts, units, billedTools, serviceTier);
    } catch (Usage.UsageMismatch e) {
      fields.error(e.field(), String.valueOf(e.getMessage()));
      return null;
    }
  }

  private static @Nullable Long required(Fields fields, String name) {
    if (!fields.has(name)) {
      fields.error(name, "is required");
    }
    return fields.count(name);
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
