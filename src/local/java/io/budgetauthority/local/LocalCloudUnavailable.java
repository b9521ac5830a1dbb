package io.budgetauthority.local;

/// The local cloud cannot start. The message is one line for the person who starts the service, and
/// says what to change.
public final class LocalCloudUnavailable extends RuntimeException {

  private final String line;

  LocalCloudUnavailable(String line) {
    super(line);
    this.line = line;
  }

  LocalCloudUnavailable(String line, Throwable cause) {
    super(line, cause);
    this.line = line;
  }

  @Override
  public String getMessage() {
    return line;
  }
}
