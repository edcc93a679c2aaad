# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# <{ model }> as an overlay for <{ target }>, written by synfire <{ version }>: the core of this build,
# a DMA and the processors, as a block design of Vivado.
#
#   vivado -mode batch -nojournal -nolog -source overlay.tcl
#
# The results are synfire.bit and synfire.hwh beside this file: with synfire.ipynb and vectors.json
# they are what a board needs.
#
# NOT RUN WITH VIVADO: this script follows the documentation (UG835, UG994, PG021), and nobody has run
# it yet, nor the notebook on a board. It ends with an error if a path is too slow.

set here [file dirname [file normalize [info script]]]
set rtl [file join [file dirname $here] rtl]
set work [file join $here vivado]
file delete -force [file join $here synfire.bit] [file join $here synfire.hwh]

create_project -force overlay $work -part <{ part }>
set sources {
<%- for name in sources %>
  <{ name }>
<%- endfor %>
}
set memories {
<%- for name in memories %>
  <{ name }>
<%- endfor %>
}
foreach name [concat $sources $memories] {
  add_files -norecurse [file join $rtl $name]
}
foreach name $memories {
  set_property file_type "Memory Initialization Files" [get_files $name]
}
update_compile_order -fileset sources_1

create_bd_design overlay

# The processors give the clock; of their memory's settings the board's own boot loader is in charge.
create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7:5.5 processors
apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
  -config {make_external "FIXED_IO, DDR" Master "Disable" Slave "Disable"} [get_bd_cells processors]
set_property -dict [list \
  CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ {<{ mhz }>} \
  CONFIG.PCW_USE_M_AXI_GP0 {1} \
  CONFIG.PCW_USE_S_AXI_HP0 {1} \
] [get_bd_cells processors]

# Bytes of any number, one packet each way, without lists of descriptors.
create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma:7.1 dma
set_property -dict [list \
  CONFIG.c_include_sg {0} \
  CONFIG.c_sg_include_stscntrl_strm {0} \
  CONFIG.c_sg_length_width {16} \
  CONFIG.c_m_axis_mm2s_tdata_width {8} \
  CONFIG.c_s_axis_s2mm_tdata_width {8} \
  CONFIG.c_include_mm2s_dre {1} \
  CONFIG.c_include_s2mm_dre {1} \
] [get_bd_cells dma]

create_bd_cell -type module -reference synfire_axis synfire
set_property CONFIG.ASSOCIATED_BUSIF {s_axis:m_axis} [get_bd_pins synfire/aclk]
connect_bd_intf_net [get_bd_intf_pins dma/M_AXIS_MM2S] [get_bd_intf_pins synfire/s_axis]
connect_bd_intf_net [get_bd_intf_pins synfire/m_axis] [get_bd_intf_pins dma/S_AXIS_S2MM]

# Control of the DMA, then its ways into memory; each brings interconnect, clock and reset.
apply_bd_automation -rule xilinx.com:bd_rule:axi4 \
  -config {Master "/processors/M_AXI_GP0" Clk "/processors/FCLK_CLK0"} \
  [get_bd_intf_pins dma/S_AXI_LITE]
apply_bd_automation -rule xilinx.com:bd_rule:axi4 \
  -config {Master "/dma/M_AXI_MM2S" Clk "/processors/FCLK_CLK0"} \
  [get_bd_intf_pins processors/S_AXI_HP0]
apply_bd_automation -rule xilinx.com:bd_rule:axi4 \
  -config {Slave "/processors/S_AXI_HP0" Clk "/processors/FCLK_CLK0"} \
  [get_bd_intf_pins dma/M_AXI_S2MM]
connect_bd_net [get_bd_pins processors/FCLK_CLK0] [get_bd_pins synfire/aclk]
set reset [lindex [get_bd_cells -filter {VLNV =~ xilinx.com:ip:proc_sys_reset:*}] 0]
connect_bd_net [get_bd_pins $reset/peripheral_aresetn] [get_bd_pins synfire/aresetn]

assign_bd_address
validate_bd_design
save_bd_design
set design [get_files overlay.bd]
generate_target all $design
add_files -norecurse [make_wrapper -files $design -top]
set_property top overlay_wrapper [current_fileset]
update_compile_order -fileset sources_1

launch_runs impl_1 -to_step write_bitstream
wait_on_run impl_1
if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} {
  error "implementation has failed; the log is in $work/overlay.runs/impl_1"
}
set setup [get_property STATS.WNS [get_runs impl_1]]
set hold [get_property STATS.WHS [get_runs impl_1]]
if {$setup < 0 || $hold < 0} {
  error "timing is not met: slack $setup ns before and $hold ns after the clock's edge"
}
file copy -force [file join $work overlay.runs impl_1 overlay_wrapper.bit] [file join $here synfire.bit]
file copy -force [file join $work overlay.gen sources_1 bd overlay hw_handoff overlay.hwh] [file join $here synfire.hwh]
