# SPDX-License-Identifier: Apache-2.0 OR MIT
# <{ target }>, written by synfire <{ version }>. Nobody has tried this file with Vivado yet.
<%- for pin in pins %>
<%- match pin.io %>
<%- when Some with (io) %>
set_property -dict {PACKAGE_PIN <{ pin.site }> IOSTANDARD <{ io }>} [get_ports <{ pin.port }>]
<%- when None %>
set_property PACKAGE_PIN <{ pin.site }> [get_ports <{ pin.port }>]
<%- endmatch %>
<%- endfor %>
<%- if uart %>
set_property PULLUP true [get_ports uart_rx_i]
<%- endif %>

create_clock -name clk_i -period <{ period }> [get_ports clk_i]
# What comes and goes has no relation to the clock: the design takes it through flip-flops.
set_false_path -from [get_ports {<% for port in inputs %><{ port }><% if !loop.last %> <% endif %><% endfor %>}]
set_false_path -to [get_ports {<% for port in outputs %><{ port }><% if !loop.last %> <% endif %><% endfor %>}]
<%- if config_3v3 %>

set_property CFGBVS VCCO [current_design]
set_property CONFIG_VOLTAGE 3.3 [current_design]
<%- endif %>
