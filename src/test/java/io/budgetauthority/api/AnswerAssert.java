package io.budgetauthority.api;

import java.util.Objects;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;

/// What a test requires of an answer over HTTP. A failure shows the whole answer.
public final class AnswerAssert extends AbstractAssert<AnswerAssert, Http.Answer> {

  AnswerAssert(Http.Answer actual) {
    super(actual, AnswerAssert.class);
  }

  public AnswerAssert hasStatus(int status) {
    return require(actual.status() == status, "status", status);
  }

  /// A problem with a status and a code.
  public AnswerAssert isProblem(int status, String code) {
    return hasStatus(status).hasText("code", code);
  }

  /// The text of a member of the body; that of a member that is absent or null is empty.
  public AnswerAssert hasText(String member, String text) {
    return require(actual.text(member).equals(text), member, text);
  }

  /// @param value null where the answer must not have the header
  public AnswerAssert hasHeader(String name, @Nullable String value) {
    return require(Objects.equals(actual.header(name), value), name, value);
  }

  private AnswerAssert require(boolean holds, String what, @Nullable Object expected) {
    if (!holds) {
      failWithMessage(
          "expected %s %s, but was: %s, with headers %s",
          what, expected, actual, actual.response().headers().map());
    }
    return this;
  }
}
