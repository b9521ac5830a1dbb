package io.budgetauthority.configuration;

import java.security.SecureRandom;
import java.util.Base64;

/// Makes the secrets of API keys.
final class Secrets {

  private static final int BYTES = 32;
  private static final String PREFIX = "bak_";

  private Secrets() {}

  /// A new secret of 256 random bits. The generator is created here and not in a field, so that a
  /// process which starts from a snapshot has a seed of its own.
  static String next() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
