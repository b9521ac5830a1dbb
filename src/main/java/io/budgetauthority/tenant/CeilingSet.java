package io.budgetauthority.tenant;

import java.util.EnumMap;
import java.util.Map;

/// All ceilings of one scope id, by window. The version counts changes, including deletions, and
/// never restarts. So an account can tell from which state of the ceilings its limit came
/// (ledger.md#versions).
public record CeilingSet(Map<Window, Ceiling> byWindow, long version) {

  public static final CeilingSet EMPTY = new CeilingSet(Map.of(), 0);

  public CeilingSet {
    byWindow = Map.copyOf(byWindow);
  }

  public CeilingSet with(Window window, Ceiling ceiling) {
    Map<Window, Ceiling> changed = new EnumMap<>(Window.class);
    changed.putAll(byWindow);
    changed.put(window, ceiling);
    return new CeilingSet(changed, version + 1);
  }

  public CeilingSet without(Window window) {
    Map<Window, Ceiling> changed = new EnumMap<>(Window.class);
    changed.putAll(byWindow);
    changed.remove(window);
    return new CeilingSet(changed, version + 1);
  }
}
