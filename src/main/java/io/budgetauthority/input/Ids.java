package io.budgetauthority.input;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Checks the forms of names that callers state. An id has 1 to 128 visible ASCII characters, an
/// idempotency key has 1 to 255, and a run id has a narrower alphabet (protocol.md#ask).
public final class Ids {

  /// No id is `.` or `..`, because such a segment of a path names no resource.
  private static final Pattern ID = Pattern.compile("(?!\\.{1,2}$)[\\x21-\\x7E]{1,128}");

  private static final Pattern RUN_ID = Pattern.compile("(?!\\.{1,2}$)[A-Za-z0-9._:-]{1,128}");
  private static final Pattern IDEMPOTENCY_KEY = Pattern.compile("[\\x21-\\x7E]{1,255}");

  private static final String RUN_ID_FORM =
      "must be 1 to 128 letters, digits or any of . _ : -, and not . or ..";

  private static final String IDEMPOTENCY_KEY_NAME = "Idempotency-Key";

  private Ids() {}

  public static boolean isRunId(String text) {
    return RUN_ID.matcher(text).matches();
  }

  public static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /// An optional query parameter that is an id. Any other value gets a 400 that names the
  /// parameter.
  public static @Nullable String optional(String name, @Nullable String text) {
    return text == null ? null : require(name, text);
  }

  /// A path or query parameter that is an id. Any other value gets a 400 that names the parameter.
  public static String require(String name, String text) {
    if (!isId(text)) {
      throw RequestFields.invalid(
          name, "must be 1 to 128 visible ASCII characters, and not . or ..");
    }
    return text;
  }

  /// An optional query parameter that is a label, such as the name of a model. An empty one counts
  /// as absent. Any other value that is no label gets a 400 that names the parameter.
  public static @Nullable String optionalLabel(String name, @Nullable String text) {
    if (text == null || text.isEmpty()) {
      return null;
    }
    if (!RequestFields.isLabel(text)) {
      throw RequestFields.invalid(name, "must have at most 256 characters, none of them a control");
    }
    return text;
  }

  /// A run's id. Any other text gets an [IllegalArgumentException].
  public static String runId(String text) {
    if (!isRunId(text)) {
      throw new IllegalArgumentException(RUN_ID_FORM);
    }
    return text;
  }

  public static String requireRunId(String name, String text) {
    if (!isRunId(text)) {
      throw RequestFields.invalid(name, RUN_ID_FORM);
    }
    return text;
  }

  /// An idempotency key. Any other text gets an [IllegalArgumentException].
  public static String idempotencyKey(String text) {
    if (!IDEMPOTENCY_KEY.matcher(text).matches()) {
      throw new IllegalArgumentException("must be 1 to 255 visible ASCII characters");
    }
    return text;
  }

  /// The value of an `Idempotency-Key` header. An absent or invalid value gets a 400 that names the
  /// header.
  public static String requireIdempotencyKey(@Nullable String text) {
    if (text == null) {
      throw RequestFields.invalid(IDEMPOTENCY_KEY_NAME, "is required");
    }
    if (!IDEMPOTENCY_KEY.matcher(text).matches()) {
      throw RequestFields.invalid(
          IDEMPOTENCY_KEY_NAME, "must be 1 to 255 visible ASCII characters");
    }
    return text;
  }
}
