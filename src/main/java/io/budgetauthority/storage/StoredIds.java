package io.budgetauthority.storage;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// Makes ids into parts of stored keys. The separator is escaped, so that no id can contain it and
/// reach another tenant's or scope's items.
public final class StoredIds {

  private StoredIds() {}

  public static String escape(String id) {
    return id.indexOf('#') < 0 && id.indexOf('%') < 0
        ? id
        : id.replace("%", "%25").replace("#", "%23");
  }

  public static String unescape(String escaped) {
    return escaped.indexOf('%') < 0 ? escaped : escaped.replace("%23", "#").replace("%25", "%");
  }

  /// A name of fixed length for a list of texts: 160 bits of SHA-256 as 40 hexadecimal digits. The
  /// length of each text is hashed with it, so that no two lists give the same input. Null differs
  /// from empty.
  public static String digest(@Nullable String... parts) {
    MessageDigest sha256 = sha256();
    for (String part : parts) {
      byte[] bytes = part == null ? new byte[0] : part.getBytes(StandardCharsets.UTF_8);
      int length = part == null ? -1 : bytes.length;
      for (int shift = 24; shift >= 0; shift -= 8) {
        sha256.update((byte) (length >> shift));
      }
      sha256.update(bytes);
    }
    return HexFormat.of().formatHex(sha256.digest(), 0, 20);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
