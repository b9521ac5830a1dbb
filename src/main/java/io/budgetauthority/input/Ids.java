package io.budgetauthority.input;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The forms of what callers name things by: 1 to 128 visible ASCII characters for ids, 1 to 255
/// for an idempotency key, and a narrower alphabet for run ids (protocol.md#ask).
public final class Ids {

  /// No id is `.` or `..`: such a part of a path names no resource.
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

  /// A query parameter that is an id where it is there; anything else gets a 400 that names it.
  public static @Nullable String optional(String name, @Nullable String text) {
    return text == null ? null : require(name, text);
  }

  /// A path or query parameter that is an id; anything else gets a 400 that names it.
  public static String require(String name, String text) {
    if (!isId(text)) {
      throw RequestFields.invalid(
          name, "must be 1 to 128 visible ASCII characters, and not . or ..");
    }
    return text;
  }

  /// A run's id; anything else gets an [IllegalArgumentException].
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

  /// An idempotency key; anything else gets an [IllegalArgumentException].
  public static String idempotencyKey(String text) {
    if (!IDEMPOTENCY_KEY.matcher(text).matches()) {
      throw new IllegalArgumentException("must be 1 to 255 visible ASCII characters");
    }
    return text;
  }

  /// The value of an `Idempotency-Key` header; without one, or with what is none, there is a 400
  /// that names it.
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
